/** One write of all members at the same time, which gives up those that are not waited for. */

import type { ObjectStore } from '../../object-store.ts';

export interface WriteAllOptions {
  readonly quorum: number;
  /** milliseconds that the rest has when the primary and enough others are done; for ever when left out */
  readonly dropAfterMs: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * @param write must settle soon when its signal fires
 * @returns by member, what became of it
 */
export async function writeAll<T>(
  members: readonly ObjectStore[],
  { quorum, dropAfterMs, signal }: WriteAllOptions,
  write: (store: ObjectStore, member: number, signal: AbortSignal) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const rest = new AbortController();
  const both = signal === undefined ? rest.signal : AbortSignal.any([signal, rest.signal]);
  let done = 0;
  let failed = 0;
  let primaryDone = false;
  let timer: NodeJS.Timeout | undefined;
  const attempts = members.map(async (store, member) => {
    try {
      const result = await write(store, member, both);
      done++;
      if (member === 0) primaryDone = true;
      if (primaryDone && done >= quorum && dropAfterMs !== undefined) {
        timer ??= setTimeout(() => rest.abort(), dropAfterMs);
      }
      return result;
    } catch (error) {
      failed++;
      // It cannot succeed any more: what is not written need not be repaired.
      if (member === 0 || members.length - failed < quorum) rest.abort();
      throw error;
    }
  });
  const results = await Promise.allSettled(attempts);
  clearTimeout(timer);
  return results;
}
