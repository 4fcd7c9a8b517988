/**
 * Listings of a container: pages of the service as one stream in the order of UTF-8 bytes, without the library's own blobs.
 *
 * From version 2026-02-06 on the service begins a listing at a name (`startFrom`); of an older one the pages before
 * `startAfter` are fetched and passed over: a request for 5,000 keys each.
 */

import { StoreError, throwIfAborted } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { afterPrefix, compareKeys, RESERVED_PREFIX } from '../../keys.ts';
import type { ListEntry, ListOptions } from '../../object-store.ts';
import { START_FROM_VERSION } from './client.ts';
import type { AzureClient } from './client.ts';
import { boundInAnyOrder, inKeyOrder } from './order.ts';
import { elements, textOf } from './xml.ts';

export interface Listing {
  readonly client: AzureClient;
  readonly container: string;
  /** entries of a page; the service's own choice (5,000) when left out */
  readonly pageSize: number | undefined;
}

export async function* listBlobs(from: Listing, options: ListOptions): AsyncGenerator<ListEntry> {
  const { prefix = '', startAfter } = options;
  const delimiter = options.delimiter === '' ? undefined : options.delimiter;
  if (startAfter !== undefined && isPast(startAfter, prefix)) return;
  // No key has half a surrogate pair, and no URL can.
  if (!prefix.isWellFormed() || delimiter?.isWellFormed() === false) return;
  let last: string | undefined;
  for await (const entry of inKeyOrder(eachEntry(from, options), nameOf, prefix.length)) {
    throwIfAborted(options.signal, 'list');
    const name = nameOf(entry);
    if (startAfter !== undefined && compareKeys(name, startAfter) <= 0) continue;
    if (entry.type === 'prefix') {
      // Pages can break within a common beginning, and then both have it.
      if (name === last) continue;
      last = name;
    }
    if (name.startsWith(RESERVED_PREFIX)) continue;
    const hides = entry.type === 'prefix' && RESERVED_PREFIX.startsWith(name);
    if (hides && !(await holdsObjects(from, { ...options, prefix: name, delimiter }))) continue;
    yield entry;
  }
}

/** Whether a common beginning of the library's own blobs is one of other keys, too. */
async function holdsObjects(from: Listing, { prefix, signal }: ListOptions): Promise<boolean> {
  for await (const entry of eachEntry(from, { prefix, signal })) {
    if (!nameOf(entry).startsWith(RESERVED_PREFIX)) return true;
  }
  return false;
}

/** As the service gives them. */
async function* eachEntry(from: Listing, options: ListOptions): AsyncGenerator<ListEntry> {
  const { prefix = '', delimiter = '', startAfter, signal } = options;
  const query = {
    prefix: prefix === '' ? undefined : prefix,
    delimiter: delimiter === '' ? undefined : delimiter,
    startFrom: startOf(from.client.apiVersion, prefix, delimiter, startAfter),
  };
  for await (const xml of listPages(from, query, signal)) {
    const page: ListEntry[] = [];
    for (const { name, content } of elements(xml, ['Blob', 'BlobPrefix'])) {
      page.push(name === 'Blob' ? toObject(content) : toPrefix(content, prefix, delimiter));
    }
    // A page can give its common beginnings behind its objects.
    yield* page.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  }
}

/** The pages of a listing, as XML; the next is fetched while one is read. */
export async function* listPages(
  { client, container, pageSize }: Listing,
  query: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
  operation: StoreOperation = 'list',
): AsyncGenerator<string> {
  const fetchPage = (marker: string | undefined): Promise<string> =>
    client.text({
      method: 'GET',
      container,
      query: {
        restype: 'container',
        comp: 'list',
        ...query,
        maxresults: pageSize === undefined ? undefined : `${pageSize}`,
        marker,
      },
      operation,
      signal,
    });
  let coming: Promise<string> | undefined = fetchPage(undefined);
  for (let last = ''; coming !== undefined;) {
    const xml: string = await coming;
    // A proxy's page in place of an answer must not look like an empty container.
    if (!xml.trimEnd().endsWith('</EnumerationResults>')) {
      throw new StoreError('Unexpected', 'Azure answered with something that is no listing', { operation });
    }
    const marker = textOf(xml.slice(xml.lastIndexOf('<NextMarker')), 'NextMarker');
    if (marker && marker === last) {
      throw new StoreError('Unexpected', 'Azure gives a page of a listing again and again', { operation });
    }
    last = marker ?? '';
    coming = last === '' ? undefined : fetchPage(last);
    // Nobody waits for it when the listing is left early.
    coming?.catch(() => undefined);
    yield xml;
  }
}

function startOf(
  apiVersion: string,
  prefix: string,
  delimiter: string,
  startAfter: string | undefined,
): string | undefined {
  if (startAfter === undefined || apiVersion < START_FROM_VERSION) return undefined;
  const end =
    delimiter === '' || !startAfter.startsWith(prefix) ? -1 : startAfter.indexOf(delimiter, prefix.length);
  // All that is rolled up with it has been given.
  const first = end === -1 ? startAfter : afterPrefix(startAfter.slice(0, end + delimiter.length));
  const bound = boundInAnyOrder(first ?? startAfter);
  return bound === '' || compareKeys(bound, prefix) <= 0 ? undefined : bound;
}

/** Whether all keys with that prefix are at or before `startAfter`. */
function isPast(startAfter: string, prefix: string): boolean {
  return !startAfter.startsWith(prefix) && compareKeys(startAfter, prefix) > 0;
}

function nameOf(entry: ListEntry): string {
  return entry.type === 'object' ? entry.key : entry.prefix;
}

function toObject(content: string): ListEntry {
  const key = textOf(content, 'Name');
  const size = Number(textOf(content, 'Content-Length'));
  if (key === undefined || !Number.isSafeInteger(size)) {
    throw new StoreError('Unexpected', 'A listing of Azure has a blob without name or size', {
      operation: 'list',
    });
  }
  const etag = textOf(content, 'Etag')?.replaceAll('"', '');
  const version = textOf(content, 'VersionId');
  return {
    type: 'object',
    key,
    size,
    lastModified: new Date(textOf(content, 'Last-Modified') ?? Number.NaN),
    ...(etag === undefined ? {} : { etag }),
    ...(version === undefined ? {} : { version }),
  };
}

function toPrefix(content: string, prefix: string, delimiter: string): ListEntry {
  const name = textOf(content, 'Name') ?? '';
  // Azurite cuts after the first unit of a delimiter; what follows is known.
  const whole = name.slice(prefix.length).endsWith(delimiter) ? name : name + delimiter.slice(1);
  return { type: 'prefix', prefix: whole };
}
