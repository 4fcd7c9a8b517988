/** Deletes many blobs: as their keys come, several at once, each with its result. */

import { isStoreError, throwIfAborted } from '../../errors.ts';
import { eachKey } from '../../keys.ts';
import type { CallOptions, DeleteResult } from '../../object-store.ts';
import type { AzureClient } from './client.ts';
import { isAnswer } from './errors.ts';
import { checkBlobName } from './names.ts';

const CONCURRENCY = 32;

export async function* deleteBlobs(
  client: AzureClient,
  container: string,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal }: CallOptions,
): AsyncGenerator<DeleteResult> {
  const running = new Map<number, Promise<{ id: number; result: DeleteResult }>>();
  let ids = 0;
  const next = async (): Promise<DeleteResult> => {
    const { id, result } = await Promise.race(running.values());
    running.delete(id);
    return result;
  };
  try {
    for await (const key of eachKey(keys)) {
      throwIfAborted(signal, 'delete', key);
      const id = ids++;
      const result = deleteBlob(client, container, key, signal).then((one) => ({ id, result: one }));
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
