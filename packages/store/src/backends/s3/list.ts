/** ListObjectsV2 as one iteration: the next page is on its way while this one is read. */

import { encodeQueryComponent } from '@cistern/protocol';
import type { XmlElement } from '@cistern/protocol';
import { throwIfAborted } from '../../errors.ts';
import { compareKeys, RESERVED_PREFIX } from '../../keys.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';
import type { S3Context } from './context.ts';
import { childText, decodeText, readDocument } from './documents.ts';
import { unquote } from './object-headers.ts';

/** After every key of our own. */
const AFTER_RESERVED = `${RESERVED_PREFIX}\u{10ffff}`;

interface Page {
  readonly entries: readonly ListEntry[];
  /** the query of the page after it */
  readonly next: string | undefined;
}

/** Everything but keys of our own. */
export async function* listObjects(context: S3Context, options: ListOptions): AsyncGenerator<ListEntry> {
  for await (const entry of listAll(context, options, true)) {
    if (entry.type === 'object') {
      if (!entry.key.startsWith(RESERVED_PREFIX)) yield entry;
    } else if (await isVisible(context, entry.prefix, options.signal)) {
      yield entry;
    }
  }
}

/** @param skipsReserved whether pages of nothing but keys of our own can be left out */
export async function* listAll(
  context: S3Context,
  options: ListOptions,
  skipsReserved = false,
): AsyncGenerator<ListEntry> {
  const { prefix = '', startAfter, delimiter = '', signal } = options;
  const query =
    `list-type=2&encoding-type=url&prefix=${encodeQueryComponent(prefix)}` +
    (delimiter === '' ? '' : `&delimiter=${encodeQueryComponent(delimiter)}`);
  const first = startAfter === undefined ? query : `${query}&start-after=${encodeQueryComponent(startAfter)}`;
  throwIfAborted(signal, 'list');
  let page: Promise<Page> | undefined = readPage(context, first, { base: query, skipsReserved, signal });
  while (page !== undefined) {
    const { entries, next }: Page = await page;
    page = next === undefined ? undefined : readPage(context, next, { base: query, skipsReserved, signal });
    // Whoever leaves early does not wait for it.
    page?.catch(() => undefined);
    for (const entry of entries) {
      throwIfAborted(signal, 'list');
      // A listing that begins after the prefix itself has had it.
      if (entry.type === 'object' || startAfter === undefined || compareKeys(entry.prefix, startAfter) > 0) {
        yield entry;
      }
    }
  }
}

/** Whether anything but keys of our own begins with `prefix`. */
async function isVisible(
  context: S3Context,
  prefix: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (prefix.startsWith(RESERVED_PREFIX)) return false;
  if (!RESERVED_PREFIX.startsWith(prefix)) return true;
  const query = `list-type=2&encoding-type=url&max-keys=1&prefix=${encodeQueryComponent(prefix)}`;
  for (const start of ['', `&start-after=${encodeQueryComponent(AFTER_RESERVED)}`]) {
    const { entries } = await readPage(context, query + start, { base: query, skipsReserved: false, signal });
    if (entries.some((entry) => entry.type === 'object' && !entry.key.startsWith(RESERVED_PREFIX)))
      return true;
  }
  return false;
}

interface PageOptions {
  /** the query of every page, to which the place of the next one is added */
  readonly base: string;
  readonly skipsReserved: boolean;
  readonly signal: AbortSignal | undefined;
}

async function readPage(
  { client }: S3Context,
  query: string,
  { base, skipsReserved, signal }: PageOptions,
): Promise<Page> {
  const doing = { operation: 'list' } as const;
  const answer = await client.send({ ...doing, method: 'GET', query, signal });
  const document = readDocument(answer, 'ListBucketResult', doing);
  const decode = childText(document, 'EncodingType') === 'url' ? decodeText : (text: string): string => text;
  const objects: ListEntry[] = [];
  const prefixes: ListEntry[] = [];
  for (const element of document.children) {
    if (element.name === 'Contents') objects.push(readObject(element, decode));
    else if (element.name === 'CommonPrefixes') {
      prefixes.push({ type: 'prefix', prefix: decode(childText(element, 'Prefix') ?? '') });
    }
  }
  const token = childText(document, 'NextContinuationToken');
  const truncated = childText(document, 'IsTruncated') === 'true' && token !== undefined;
  const last = objects.at(-1);
  const inReserved = skipsReserved && last?.type === 'object' && last.key.startsWith(RESERVED_PREFIX);
  const place = inReserved
    ? `start-after=${encodeQueryComponent(AFTER_RESERVED)}`
    : `continuation-token=${encodeQueryComponent(token ?? '')}`;
  return { entries: merge(objects, prefixes), next: truncated ? `${base}&${place}` : undefined };
}

function readObject({ children }: XmlElement, decode: (text: string) => string): ListEntry {
  let key = '';
  let size = 0;
  let etag: string | undefined;
  let modified = '';
  for (const { name, text } of children) {
    if (name === 'Key') key = decode(text);
    else if (name === 'Size') size = Number(text);
    else if (name === 'ETag') etag = unquote(text);
    else if (name === 'LastModified') modified = text;
  }
  return { type: 'object', key, size, etag, lastModified: new Date(modified) };
}

/** S3 gives both kinds apart, each in order. */
function merge(objects: readonly ListEntry[], prefixes: readonly ListEntry[]): readonly ListEntry[] {
  if (prefixes.length === 0) return objects;
  if (objects.length === 0) return prefixes;
  return [...objects, ...prefixes].sort((a, b) => compareKeys(nameOf(a), nameOf(b)));
}

function nameOf(entry: ListEntry): string {
  return entry.type === 'object' ? entry.key : entry.prefix;
}
