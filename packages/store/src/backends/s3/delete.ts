/** Deletes objects and versions: many a request (batches.ts). What XML cannot name, and what comes alone, has a request of its own. */

import { encodeQueryComponent } from '@cistern/protocol/client';
import { hash } from 'node:crypto';
import type { DeletedVersion, VersionName } from '../../bucket-features.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import { checkKey, eachKey, RESERVED_PREFIX } from '../../keys.ts';
import type { CallOptions, DeleteResult } from '../../object-store.ts';
import { inBatches } from './batches.ts';
import type { S3Client } from './client.ts';
import type { S3Context } from './context.ts';
import { canBeWritten, childText, childrenOf, deleteDocument, readDocument } from './documents.ts';
import { codeError } from './errors.ts';

export const KEY_BYTES_MAX = 1024;

/** Errors that concern the store, not a key: no other key would fare better. */
const FATAL: ReadonlySet<string> = new Set([
  'Unavailable',
  'Timeout',
  'Aborted',
  'Closed',
  'Unauthenticated',
]);

/** Sends requests: a client, or what tries again. */
export type Sender = Pick<S3Client, 'send' | 'where'>;

/** @param isOurs whether keys of the library's own may be deleted; only those of callers when left out */
export async function* deleteObjects(
  { client }: S3Context,
  keys: Iterable<string> | AsyncIterable<string>,
  options: CallOptions,
  isOurs = false,
): AsyncGenerator<DeleteResult> {
  yield* deleteAll<Doomed>(client, eachDoomed(keys), options, isOurs);
}

export async function* deleteVersions(
  sender: Sender,
  versions: Iterable<VersionName> | AsyncIterable<VersionName>,
  options: CallOptions,
): AsyncGenerator<DeletedVersion> {
  yield* deleteAll<VersionName>(sender, eachVersion(versions), options, true);
}

interface Doomed {
  readonly key: string;
  readonly version?: string | undefined;
}

type Outcome<Item> = Item & { readonly error?: StoreError | undefined };

async function* eachDoomed(keys: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Doomed> {
  for await (const key of eachKey(keys)) yield { key };
}

async function* eachVersion(
  versions: Iterable<VersionName> | AsyncIterable<VersionName>,
): AsyncGenerator<VersionName> {
  // Nothing else that the caller's objects have goes into results.
  for await (const { key, version } of versions) yield { key, version };
}

function deleteAll<Item extends Doomed>(
  sender: Sender,
  items: AsyncIterable<Item>,
  options: CallOptions,
  isOurs: boolean,
): AsyncGenerator<Outcome<Item>> {
  const work = {
    refuse: (item: Item) => refusal(item, isOurs),
    run: (batch: readonly Item[]) => deleteBatch(sender, batch, options.signal),
  };
  return inBatches(items, work, options);
}

function refusal<Item extends Doomed>(item: Item, isOurs: boolean): Outcome<Item> | undefined {
  const { key, version } = item;
  if (isOurs && key.startsWith(RESERVED_PREFIX)) return undefined;
  try {
    checkKey(key, 'delete', KEY_BYTES_MAX);
    if (version !== '') return undefined;
    throw new StoreError('InvalidArgument', 'An empty text names no version', { operation: 'delete', key });
  } catch (error) {
    if (isStoreError(error)) return { ...item, error };
    throw error;
  }
}

async function deleteBatch<Item extends Doomed>(
  sender: Sender,
  items: readonly Item[],
  signal: AbortSignal | undefined,
): Promise<Outcome<Item>[]> {
  const inDocument = items.length > 1 ? (item: Item) => canBeWritten(item.key) : () => false;
  const results: Outcome<Item>[] = [];
  for (const item of items) if (!inDocument(item)) results.push(await deleteOne(sender, item, signal));
  const written = items.filter(inDocument);
  if (written.length > 0) results.push(...(await deleteMany(sender, written, signal)));
  return results;
}

async function deleteOne<Item extends Doomed>(
  sender: Sender,
  item: Item,
  signal: AbortSignal | undefined,
): Promise<Outcome<Item>> {
  const { key, version } = item;
  const query = version === undefined ? undefined : `versionId=${encodeQueryComponent(version)}`;
  try {
    await sender.send({ operation: 'delete', key, method: 'DELETE', object: key, query, signal });
    return item;
  } catch (error) {
    if (!isStoreError(error) || FATAL.has(error.code)) throw error;
    // Some services say that there was nothing; a bucket or a version that is not there is another matter.
    const code = (error.cause as { code?: unknown } | undefined)?.code;
    const isGone = isStoreError(error, 'NotFound') && code !== 'NoSuchBucket' && code !== 'NoSuchVersion';
    return isGone ? item : { ...item, error };
  }
}

async function deleteMany<Item extends Doomed>(
  sender: Sender,
  items: readonly Item[],
  signal: AbortSignal | undefined,
): Promise<Outcome<Item>[]> {
  const doing = { operation: 'delete', where: sender.where } as const;
  const body = deleteDocument(items);
  const headers: [string, string][] = [['content-md5', hash('md5', body, 'base64')]];
  try {
    const answer = await sender.send({ ...doing, method: 'POST', query: 'delete=', headers, body, signal });
    const failed = new Map<string, StoreError>();
    for (const element of childrenOf(readDocument(answer, 'DeleteResult', doing), 'Error')) {
      const key = childText(element, 'Key') ?? '';
      const code = childText(element, 'Code') ?? '';
      if (code === 'NoSuchKey') continue;
      const message = childText(element, 'Message') ?? code;
      const version = childText(element, 'VersionId') || undefined;
      const error = codeError({ code, message }, answer.status, answer.headers, { ...doing, key });
      failed.set(nameOf({ key, version }), error);
    }
    const results = items.map((item) => ({ ...item, error: failed.get(nameOf(item)) }));
    const [other] = new Set(failed.keys()).difference(new Set(items.map(nameOf)));
    if (other === undefined) return results;
    // One of ours was not deleted, and which one cannot be told.
    const message = `The service could not delete ${other}, which was not asked for`;
    const error = new StoreError('Unexpected', message, { ...doing, cause: failed.get(other) });
    return results.map((result) => ({ ...result, error: result.error ?? error }));
  } catch (error) {
    if (!isStoreError(error) || FATAL.has(error.code)) throw error;
    return items.map((item) => ({ ...item, error }));
  }
}

function nameOf({ key, version }: Doomed): string {
  return version === undefined ? JSON.stringify(key) : JSON.stringify([key, version]);
}
