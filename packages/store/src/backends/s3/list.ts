/** ListObjectsV2 as one iteration: the next page is on its way while this one is read. */

import { encodeQueryComponent } from '@cistern/protocol/client';
import type { XmlElement } from '@cistern/protocol/client';
import { StoreError, throwIfAborted } from '../../errors.ts';
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

/** Everything but keys of our own, a page at a time. */
export async function* listObjects(
  context: S3Context,
  options: ListOptions,
): AsyncGenerator<readonly ListEntry[]> {
  for await (const entries of listAll(context, options, true)) {
    const isPlain = entries.every(
      (entry) => entry.type === 'object' && !entry.key.startsWith(RESERVED_PREFIX),
    );
    yield isPlain ? entries : await visible(context, entries, options.signal);
  }
}

async function visible(
  context: S3Context,
  entries: readonly ListEntry[],
  signal: AbortSignal | undefined,
): Promise<ListEntry[]> {
  const found: ListEntry[] = [];
  for (const entry of entries) {
    const isShown =
      entry.type === 'object'
        ? !entry.key.startsWith(RESERVED_PREFIX)
        : await isVisible(context, entry.prefix, signal);
    if (isShown) found.push(entry);
  }
  return found;
}

/** @param skipsReserved whether pages of nothing but keys of our own can be left out */
export async function* listAll(
  context: S3Context,
  options: ListOptions,
  skipsReserved = false,
): AsyncGenerator<readonly ListEntry[]> {
  const { prefix = '', startAfter, delimiter = '', signal } = options;
  const query =
    `list-type=2&encoding-type=url&prefix=${encodeQueryComponent(prefix)}` +
    (delimiter === '' ? '' : `&delimiter=${encodeQueryComponent(delimiter)}`);
  const first = startAfter === undefined ? query : `${query}&start-after=${encodeQueryComponent(startAfter)}`;
  throwIfAborted(signal, 'list');
  const asking = { base: query, prefix, skipsReserved, signal };
  let page: Promise<Page> | undefined = readPage(context, first, asking);
  for (let last: string | undefined, asked = first; page !== undefined;) {
    const { entries, next }: Page = await page;
    // A service that goes back would never come to an end.
    if (next === asked || !goesOn(last, entries)) throw odd('gives a page again that it gave before');
    const end = entries.at(-1);
    last = end === undefined ? last : nameOf(end);
    asked = next ?? '';
    page = next === undefined ? undefined : readPage(context, next, asking);
    // Whoever leaves early does not wait for it.
    page?.catch(() => undefined);
    throwIfAborted(signal, 'list');
    // A listing that begins after the prefix itself has had it.
    yield startAfter === undefined
      ? entries
      : entries.filter((entry) => entry.type === 'object' || compareKeys(entry.prefix, startAfter) > 0);
  }
}

/** Whether a page comes after what was given: in the order of UTF-8, or in that of UTF-16, which some services have. */
function goesOn(last: string | undefined, entries: readonly ListEntry[]): boolean {
  const [first] = entries;
  if (last === undefined || first === undefined) return true;
  const name = nameOf(first);
  return name > last || compareKeys(name, last) > 0;
}

function odd(what: string, cause?: unknown): StoreError {
  return new StoreError('Unexpected', `The service's listing ${what}`, { operation: 'list', cause });
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
    const asking = { base: query, prefix, skipsReserved: false, signal };
    const { entries } = await readPage(context, query + start, asking);
    if (entries.some((entry) => entry.type === 'object' && !entry.key.startsWith(RESERVED_PREFIX)))
      return true;
  }
  return false;
}

interface PageOptions {
  /** the query of every page, to which the place of the next one is added */
  readonly base: string;
  readonly prefix: string;
  readonly skipsReserved: boolean;
  readonly signal: AbortSignal | undefined;
}

async function readPage(
  { client }: S3Context,
  query: string,
  { base, prefix, skipsReserved, signal }: PageOptions,
): Promise<Page> {
  const doing = { operation: 'list' } as const;
  const answer = await client.send({ ...doing, method: 'GET', query, signal });
  const document = readDocument(answer, 'ListBucketResult', doing);
  const isEncoded = childText(document, 'EncodingType') === 'url';
  const decode = (text: string): string => {
    const name = isEncoded ? decodeName(text) : text;
    if (name === '' || !name.startsWith(prefix))
      throw odd(`has ${JSON.stringify(name)}, which was not asked for`);
    return name;
  };
  const objects: ListEntry[] = [];
  const prefixes: ListEntry[] = [];
  for (const element of document.children) {
    if (element.name === 'Contents') objects.push(readObject(element, decode));
    else if (element.name === 'CommonPrefixes') {
      prefixes.push({ type: 'prefix', prefix: decode(childText(element, 'Prefix') ?? '') });
    }
  }
  const token = childText(document, 'NextContinuationToken');
  const truncated = childText(document, 'IsTruncated') === 'true';
  const last = objects.at(-1);
  const inReserved = skipsReserved && last?.type === 'object' && last.key.startsWith(RESERVED_PREFIX);
  // Without a place to go on from the rest would be missing, and look as if it were not there.
  if (truncated && !inReserved && !token) throw odd('goes on, and does not say where');
  const place = inReserved
    ? `start-after=${encodeQueryComponent(AFTER_RESERVED)}`
    : `continuation-token=${encodeQueryComponent(token ?? '')}`;
  return { entries: merge(objects, prefixes), next: truncated ? `${base}&${place}` : undefined };
}

function decodeName(text: string): string {
  try {
    return decodeText(text);
  } catch (error) {
    throw odd(`has ${JSON.stringify(text)}, which is not encoded as it says`, error);
  }
}

function readObject({ children }: XmlElement, decode: (text: string) => string): ListEntry {
  let key = '';
  let size = Number.NaN;
  let etag: string | undefined;
  let modified = '';
  for (const { name, text } of children) {
    if (name === 'Key') key = decode(text);
    else if (name === 'Size') size = Number(text);
    else if (name === 'ETag') etag = unquote(text);
    else if (name === 'LastModified') modified = text;
  }
  if (key === '' || !Number.isSafeInteger(size) || size < 0)
    throw odd('has an object without a key or a size');
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
