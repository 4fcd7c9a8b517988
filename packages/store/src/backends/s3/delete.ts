/**
 * Deletes: many keys a request, several requests at once, results as they come. What the source of keys has at hand goes
 * into one request, up to S3's 1,000; a slow source is not waited for.
 */

import { hash } from 'node:crypto';
import { abortedError, isStoreError, StoreError, throwIfAborted } from '../../errors.ts';
import { checkKey, eachKey } from '../../keys.ts';
import type { CallOptions, DeleteResult } from '../../object-store.ts';
import type { S3Context } from './context.ts';
import { canBeWritten, childText, childrenOf, deleteDocument, readDocument } from './documents.ts';
import { codeError } from './errors.ts';

const KEYS_MAX = 1000;
const REQUESTS_MAX = 4;
export const KEY_BYTES_MAX = 1024;

/** Errors that concern the store, not a key: no other key would fare better. */
const FATAL: ReadonlySet<string> = new Set([
  'Unavailable',
  'Timeout',
  'Aborted',
  'Closed',
  'Unauthenticated',
]);

/** @param isKey which keys may be deleted; those of callers when left out */
export async function* deleteObjects(
  context: S3Context,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal }: CallOptions,
  isKey: (key: string) => boolean = isValidKey,
): AsyncGenerator<DeleteResult> {
  const source = eachKey(keys)[Symbol.asyncIterator]();
  const running = new Set<Promise<DeleteResult[]>>();
  let waiting: Promise<IteratorResult<string>> | undefined;
  let ended = false;
  try {
    while (!ended || running.size > 0) {
      throwIfAborted(signal, 'delete');
      const batch: string[] = [];
      while (!ended && running.size < REQUESTS_MAX && batch.length < KEYS_MAX) {
        waiting ??= source.next();
        const next = await orAborted(soonest(waiting, batch.length > 0 || running.size > 0), signal);
        if (next === undefined) break;
        waiting = undefined;
        if (next.done === true) ended = true;
        else if (isKey(next.value)) batch.push(next.value);
        else yield refusedKey(next.value);
      }
      if (batch.length > 0) {
        running.add(deleteBatch(context, batch, signal));
        continue;
      }
      if (running.size === 0) continue;
      // Whichever comes first: an answer, or more keys where there is room for them.
      const answers = [...running].map((request) => request.then((results) => ({ request, results })));
      const more =
        waiting !== undefined && running.size < REQUESTS_MAX ? [waiting.then(() => undefined)] : [];
      const done = await orAborted(Promise.race([...answers, ...more]), signal);
      if (done === undefined) continue;
      running.delete(done.request);
      yield* done.results;
    }
  } finally {
    waiting?.catch(() => undefined);
    // What was sent is done, whether its results are wanted or not.
    await Promise.allSettled(running);
    // A source in the middle of a key ends when it has it: nobody waits for that.
    const closing = ended ? undefined : source.return?.(undefined);
    if (waiting === undefined) await closing;
    else closing?.catch(() => undefined);
  }
}

/** What comes at once; without `impatient`, whatever comes. */
async function soonest<T>(promise: Promise<T>, impatient: boolean): Promise<T | undefined> {
  if (!impatient) return promise;
  return Promise.race([promise, new Promise<undefined>((resolve) => setImmediate(resolve, undefined))]);
}

/** Rejects as soon as the signal fires, whatever becomes of the promise. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  let listener: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    listener = () => reject(abortedError(signal, 'delete'));
    signal.addEventListener('abort', listener, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (listener !== undefined) signal.removeEventListener('abort', listener);
  }
}

function isValidKey(key: string): boolean {
  try {
    checkKey(key, 'delete', KEY_BYTES_MAX);
    return true;
  } catch {
    return false;
  }
}

function refusedKey(key: string): DeleteResult {
  try {
    checkKey(key, 'delete', KEY_BYTES_MAX);
  } catch (error) {
    if (isStoreError(error)) return { key, error };
  }
  return { key };
}

async function deleteBatch(
  context: S3Context,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<DeleteResult[]> {
  const written = keys.length === 1 ? [] : keys.filter(canBeWritten);
  const single = keys.length === 1 ? keys : keys.filter((key) => !canBeWritten(key));
  const results: DeleteResult[] = [];
  for (const key of single) results.push(await deleteOne(context, key, signal));
  if (written.length > 0) results.push(...(await deleteMany(context, written, signal)));
  return results;
}

async function deleteOne(
  { client }: S3Context,
  key: string,
  signal: AbortSignal | undefined,
): Promise<DeleteResult> {
  try {
    await client.send({ operation: 'delete', key, method: 'DELETE', object: key, signal });
    return { key };
  } catch (error) {
    if (!isStoreError(error) || FATAL.has(error.code)) throw error;
    // Some services say that there was nothing; a bucket that is not there is another matter.
    const code = (error.cause as { code?: unknown } | undefined)?.code;
    return isStoreError(error, 'NotFound') && code !== 'NoSuchBucket' ? { key } : { key, error };
  }
}

async function deleteMany(
  { client }: S3Context,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<DeleteResult[]> {
  const doing = { operation: 'delete', where: client.where } as const;
  const body = deleteDocument(keys);
  const headers: [string, string][] = [['content-md5', hash('md5', body, 'base64')]];
  try {
    const answer = await client.send({ ...doing, method: 'POST', query: 'delete=', headers, body, signal });
    const failed = new Map<string, StoreError>();
    for (const element of childrenOf(readDocument(answer, 'DeleteResult', doing), 'Error')) {
      const key = childText(element, 'Key') ?? '';
      const code = childText(element, 'Code') ?? '';
      if (code === 'NoSuchKey') continue;
      const message = childText(element, 'Message') ?? code;
      failed.set(key, codeError({ code, message }, answer.status, answer.headers, { ...doing, key }));
    }
    const results = keys.map((key) => ({ key, error: failed.get(key) }));
    const [other] = new Set(failed.keys()).difference(new Set(keys));
    if (other === undefined) return results;
    // One of ours was not deleted, and which one cannot be told.
    const message = `The service could not delete ${JSON.stringify(other)}, which was not asked for`;
    const error = new StoreError('Unexpected', message, { ...doing, cause: failed.get(other) });
    return results.map((result) => ({ key: result.key, error: result.error ?? error }));
  } catch (error) {
    if (!isStoreError(error) || FATAL.has(error.code)) throw error;
    return keys.map((key) => ({ key, error }));
  }
}
