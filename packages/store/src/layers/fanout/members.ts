/** The stores of a fan-out: what their errors mean for the others, and how one is made equal to the first. */

import { streamSource } from '../../body.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreErrorCode } from '../../errors.ts';
import type { ObjectStore } from '../../object-store.ts';
import type { Divergences } from './divergence.ts';

/** What a store says of the request or the object, and not of itself: another store would not know better. */
const ANSWERS: ReadonlySet<StoreErrorCode> = new Set([
  'NotFound',
  'AlreadyExists',
  'PreconditionFailed',
  'NotModified',
  'InvalidKey',
  'InvalidRange',
  'InvalidArgument',
  'BufferTooSmall',
  'TooLarge',
  'Unsupported',
  'Aborted',
]);

export function isAnswer(error: unknown): boolean {
  return !isStoreError(error) || ANSWERS.has(error.code);
}

/** Any error as one that can be reported. */
export function toStoreError(error: unknown): StoreError {
  if (isStoreError(error)) return error;
  return new StoreError('Unexpected', 'A store of a fan-out failed with an error of another kind', {
    cause: error,
  });
}

/**
 * Makes a member's object what the primary's is; deletes it if the primary has none. Not atomic against other writes to the
 * member.
 *
 * @throws {StoreError} what either of the two says
 */
export async function replicate(
  primary: ObjectStore,
  member: ObjectStore,
  key: string,
  signal?: AbortSignal,
): Promise<void> {
  const read = await primary.get(key, { signal }).catch((error: unknown) => {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (read === undefined) {
    for await (const { error } of member.delete([key], { signal })) if (error !== undefined) throw error;
    return;
  }
  try {
    const { size, attributes } = read.info;
    await member.put(key, streamSource(read.body, size), { attributes, signal });
  } finally {
    await read.close();
  }
}

type Results = readonly PromiseSettledResult<unknown>[];

/**
 * The outcome of a write of all members.
 *
 * @param results by member
 * @returns the error: the primary's, or that of a member when too few have succeeded
 */
export function quorumError(results: Results, quorum: number, key: string): Error | undefined {
  const [primary] = results;
  const done = results.filter(({ status }) => status === 'fulfilled').length;
  if (primary?.status === 'fulfilled' && done >= quorum) return undefined;
  const errors = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  // Those that were given up because of another's failure say nothing of the reason.
  const reason = errors.find((error) => !isStoreError(error, 'Aborted')) ?? errors[0];
  // It may be the caller's own, of a body that failed.
  if (primary?.status === 'rejected' && reason === primary.reason) return reason as Error;
  const cause = toStoreError(reason);
  return new StoreError(
    cause.code,
    `${done} of ${results.length} stores took ${key}, and ${quorum} are needed: those that took it keep it`,
    { operation: cause.operation, key, cause, retry: cause.retry, retryAfterMs: cause.retryAfterMs },
  );
}

/** Notes what a write of all members has left different. */
export function noteResults(results: Results, key: string, divergences: Divergences): void {
  const [primary] = results;
  const maybe = primary?.status === 'rejected' && isMaybe(toStoreError(primary.reason));
  for (const [member, result] of results.entries()) {
    if (member === 0) continue;
    const error = result.status === 'rejected' ? toStoreError(result.reason) : undefined;
    if (primary?.status === 'fulfilled') {
      if (error === undefined) divergences.remove(key, member);
      else divergences.add({ key, member, seenBy: 'write', error });
    } else if (error === undefined || isMaybe(error) || maybe) {
      // One of the two has the new state and the other the old one; or nobody knows.
      divergences.add({ key, member, seenBy: 'write', error });
    }
  }
}

/** A failure after which the write may have been done all the same. */
function isMaybe(error: StoreError): boolean {
  return error.retry === 'temporary' || error.code === 'Aborted';
}
