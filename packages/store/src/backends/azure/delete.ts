/** Deletes many blobs: as they are named, several at once, each with its result. */

import { isStoreError, throwIfAborted } from '../../errors.ts';
import { eachKey } from '../../keys.ts';
import type { CallOptions, DeleteResult } from '../../object-store.ts';
import type { AzureClient } from './client.ts';
import { isAnswer } from './errors.ts';
import { checkBlobName } from './names.ts';

const CONCURRENCY = 32;

export function deleteBlobs(
  client: AzureClient,
  container: string,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal }: CallOptions,
): AsyncGenerator<DeleteResult> {
  return deleteEach(eachKey(keys), (key) => deleteBlob(client, container, key, signal), signal);
}

/** @param act gives the result of one item; what it rejects with ends all */
export async function* deleteEach<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  act: (item: Item) => Promise<Result>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result> {
  const running = new Map<number, Promise<{ id: number; result: Result }>>();
  let ids = 0;
  const next = async (): Promise<Result> => {
    const { id, result } = await Promise.race(running.values());
    running.delete(id);
    return result;
  };
  try {
    for await (const item of items) {
      throwIfAborted(signal, 'delete');
      const id = ids++;
      const result = act(item).then((one) => ({ id, result: one }));
      // Looked at by whoever takes the next result, or by nobody after an error.
      result.catch(() => undefined);
      running.set(id, result);
      if (running.size >= CONCURRENCY) yield await next();
    }
    while (running.size > 0) yield await next();
  } finally {
    await Promise.allSettled(running.values());
  }
}

async function deleteBlob(
  client: AzureClient,
  container: string,
  key: string,
  signal: AbortSignal | undefined,
): Promise<DeleteResult> {
  try {
    checkBlobName(key, 'delete');
    await client.call({ method: 'DELETE', container, blob: key, operation: 'delete', key, signal });
    return { key };
  } catch (error) {
    if (isAnswer(error, 'BlobNotFound')) return { key };
    // Without an answer the service is out of reach, for the other keys, too.
    if (isAnswer(error) || isStoreError(error, 'InvalidKey')) return { key, error };
    throw error;
  }
}
