/** ListObjectVersions as one iteration: the next page is on its way while this one is read. */

import { encodeQueryComponent } from '@cistern/protocol/client';
import type { XmlElement } from '@cistern/protocol/client';
import type { ListedVersion, ListVersionsOptions } from '../../bucket-features.ts';
import { isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import { compareKeys, RESERVED_PREFIX } from '../../keys.ts';
import type { Sender } from './delete.ts';
import { childText, decodeText, readDocument } from './documents.ts';
import type { HttpAnswer } from './exchange.ts';
import { unquote } from './object-headers.ts';

interface Page {
  readonly versions: readonly ListedVersion[];
  /** the query of the page after it */
  readonly next: string | undefined;
}

const DOING = { operation: 'list' } as const;

export async function* listVersions(
  sender: Sender,
  options: ListVersionsOptions,
): AsyncGenerator<ListedVersion> {
  const { prefix = '', startAfter, reserved = false, signal } = options;
  const base = `versions=&encoding-type=url&prefix=${encodeQueryComponent(prefix)}`;
  const readPage = async (query: string): Promise<Page> =>
    toPage(await sender.send({ ...DOING, method: 'GET', query, signal }), base, prefix);
  throwIfAborted(signal, 'list');
  let asked = startAfter === undefined ? base : `${base}&key-marker=${encodeQueryComponent(startAfter)}`;
  let page: Promise<Page> | undefined = readPage(asked);
  while (page !== undefined) {
    const { versions, next }: Page = await page;
    // A service that goes back would never come to an end.
    if (next === asked) throw odd('gives a page again that it gave before');
    asked = next ?? '';
    page = next === undefined ? undefined : readPage(next);
    // Whoever leaves early does not wait for it.
    page?.catch(() => undefined);
    for (const version of versions) {
      throwIfAborted(signal, 'list');
      if (reserved || !version.key.startsWith(RESERVED_PREFIX)) yield version;
    }
  }
}

function odd(what: string, cause?: unknown): StoreError {
  return new StoreError('Unexpected', `The service's listing of versions ${what}`, { ...DOING, cause });
}

function toPage(answer: HttpAnswer, base: string, prefix: string): Page {
  const document = readListing(answer);
  const isEncoded = childText(document, 'EncodingType') === 'url';
  const decode = (text: string): string => (isEncoded ? decodeName(text) : text);
  const versions: ListedVersion[] = [];
  for (const element of document.children) {
    if (element.name !== 'Version' && element.name !== 'DeleteMarker') continue;
    const version = readVersion(element, decode);
    if (!version.key.startsWith(prefix))
      throw odd(`has ${JSON.stringify(version.key)}, which was not asked for`);
    versions.push(version);
  }
  return { versions: inOrder(versions), next: nextQuery(document, base, decode) };
}

function nextQuery(document: XmlElement, base: string, decode: (text: string) => string): string | undefined {
  if (childText(document, 'IsTruncated') !== 'true') return undefined;
  const key = childText(document, 'NextKeyMarker');
  // Without a place to go on from the rest would be missing, and look as if it were not there.
  if (!key) throw odd('goes on, and does not say where');
  const version = childText(document, 'NextVersionIdMarker');
  const marker = `${base}&key-marker=${encodeQueryComponent(decode(key))}`;
  return version ? `${marker}&version-id-marker=${encodeQueryComponent(version)}` : marker;
}

/** A service that knows no versions lists the bucket as if it had not been asked for them. */
function readListing(answer: HttpAnswer): XmlElement {
  try {
    return readDocument(answer, 'ListVersionsResult', DOING);
  } catch (error) {
    if (!isStoreError(error, 'Unexpected')) throw error;
    throw new StoreError('Unsupported', 'The service does not list versions', { ...DOING, cause: error });
  }
}

function decodeName(text: string): string {
  try {
    return decodeText(text);
  } catch (error) {
    throw odd(`has ${JSON.stringify(text)}, which is not encoded as it says`, error);
  }
}

function readVersion({ name, children }: XmlElement, decode: (text: string) => string): ListedVersion {
  const isDeleteMarker = name === 'DeleteMarker';
  let key = '';
  let version = '';
  let isLatest = false;
  let size = isDeleteMarker ? 0 : Number.NaN;
  let etag: string | undefined;
  let modified = '';
  for (const child of children) {
    if (child.name === 'Key') key = decode(child.text);
    else if (child.name === 'VersionId') version = child.text;
    else if (child.name === 'IsLatest') isLatest = child.text === 'true';
    else if (child.name === 'LastModified') modified = child.text;
    else if (isDeleteMarker) continue;
    else if (child.name === 'Size') size = Number(child.text);
    else if (child.name === 'ETag') etag = unquote(child.text);
  }
  if (key === '' || !Number.isSafeInteger(size) || size < 0) throw odd('has a version without key or size');
  return {
    key,
    version: version === '' ? 'null' : version,
    isLatest,
    isDeleteMarker,
    size,
    etag,
    lastModified: new Date(modified),
  };
}

/** Some services give delete markers behind the versions. What is in order stays as it is: clocks can go back. */
function inOrder(versions: ListedVersion[]): ListedVersion[] {
  const isInOrder = versions.every((version, index) => {
    const before = versions[index - 1];
    if (before === undefined) return true;
    const order = compareKeys(before.key, version.key);
    return order < 0 || (order === 0 && !version.isLatest);
  });
  if (isInOrder) return versions;
  return versions.sort(
    (a, b) =>
      compareKeys(a.key, b.key) ||
      Number(b.isLatest) - Number(a.isLatest) ||
      b.lastModified.getTime() - a.lastModified.getTime(),
  );
}
