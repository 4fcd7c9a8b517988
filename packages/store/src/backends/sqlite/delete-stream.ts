/** Deletes keys as they come, many at once, and gives their results in order: neither side waits for the other to end. */

import { isStoreError } from '../../errors.ts';
import type { DeleteResult } from '../../object-store.ts';

/** Keys under way at once. */
const UNDER_WAY_MAX = 256;

/**
 * @param keys throws what is to end the whole
 * @param deleteOne rejects with what became of one key
 */
export async function* deleteStream(
  keys: AsyncIterable<string>,
  deleteOne: (key: string) => Promise<void>,
): AsyncGenerator<DeleteResult> {
  const source = keys[Symbol.asyncIterator]();
  const underWay: Promise<DeleteResult>[] = [];
  let coming: Promise<IteratorResult<string>> | undefined;
  let ended = false;
  const settle = async (key: string): Promise<DeleteResult> => {
    try {
      await deleteOne(key);
      return { key };
    } catch (error) {
      if (!isStoreError(error)) throw error;
      return { key, error };
    }
  };
  try {
    while (!ended || underWay.length > 0) {
      if (!ended && underWay.length < UNDER_WAY_MAX) coming ??= source.next();
      const [first] = underWay;
      const step = await Promise.race([
        ...(first === undefined ? [] : [first.then((result) => ({ result }))]),
        ...(coming === undefined ? [] : [coming.then((next) => ({ next }))]),
      ]);
      if ('result' in step) {
        void underWay.shift();
        yield step.result;
        continue;
      }
      coming = undefined;
      if (step.next.done === true) ended = true;
      else underWay.push(settle(step.next.value));
    }
  } finally {
    // What was begun is not left behind, and a source that is still asked may answer whatever it likes.
    coming?.catch(() => undefined);
    await Promise.allSettled(underWay);
    if (!ended) await source.return?.();
  }
}
