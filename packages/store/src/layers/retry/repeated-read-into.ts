/**
 * A `readInto` that goes on after a failure: what it fills is then taken from one state of the object, named by its etag, in
 * pieces of which each is tried again by itself.
 */

import { isStoreError, StoreError } from '../../errors.ts';
import type { ObjectInfo, ObjectStore, ReadIntoOptions, ReadTarget } from '../../object-store.ts';
import { fitTargets } from '../../read-targets.ts';
import { Attempts } from './attempts.ts';
import { attemptTimeoutMs } from './policy.ts';
import type { RetryPolicy } from './policy.ts';

/** What is lost at most when an attempt fails. */
const PIECE_BYTES = 64 * 1024 * 1024;

export async function repeatedReadInto(
  store: ObjectStore,
  policy: RetryPolicy,
  key: string,
  targets: readonly ReadTarget[],
  options: ReadIntoOptions,
): Promise<ObjectInfo> {
  const attempts = new Attempts(policy, 'readInto', key, options.signal);
  const read = async (some: readonly ReadTarget[], others: ReadIntoOptions): Promise<ObjectInfo> => {
    const watchdog = attempts.watch();
    watchdog.arm(attemptTimeoutMs(policy, sizeOf(some)));
    try {
      return await watchdog.settle(
        store.readInto(key, some, { ...options, ...others, signal: watchdog.signal }),
      );
    } finally {
      watchdog.stop();
    }
  };
  for (;;) {
    try {
      return await read(targets, {});
    } catch (error) {
      await attempts.again(error);
      // Only what is read whole is compared with its checksum: in pieces the same bytes would be taken for good.
      if (!isStoreError(error, 'Corrupt')) break;
    }
  }
  const info = await attempts.run(async (watchdog) => {
    watchdog.arm(policy.stallTimeoutMs);
    const { ifMatch, version } = options;
    const head = await watchdog.race(
      store.get(key, { head: true, ifMatch, version, signal: watchdog.signal }),
    );
    watchdog.stop();
    return head.info;
  });
  const pinned: ReadIntoOptions = { ifMatch: info.etag, whole: false };
  for (const piece of piecesOf(fitTargets(targets, options, info.size, key))) {
    await attempts.run(() =>
      read(piece, pinned).catch((error: unknown) => {
        throw changed(error, key);
      }),
    );
    attempts.progress();
  }
  return info;
}

/** Targets in their order, cut and put together to pieces of a size. */
export function piecesOf(targets: readonly ReadTarget[], pieceBytes = PIECE_BYTES): ReadTarget[][] {
  const pieces: ReadTarget[][] = [];
  let room = 0;
  for (const { start, into } of targets) {
    for (let from = 0; from < into.byteLength;) {
      if (room === 0) {
        pieces.push([]);
        room = pieceBytes;
      }
      const count = Math.min(room, into.byteLength - from);
      pieces.at(-1)?.push({ start: start + from, into: into.subarray(from, from + count) });
      from += count;
      room -= count;
    }
  }
  return pieces;
}

function changed(error: unknown, key: string): unknown {
  if (!isStoreError(error) || !['PreconditionFailed', 'NotFound', 'InvalidRange'].includes(error.code)) {
    return error;
  }
  return new StoreError('Conflict', `${key} was changed while it was read`, {
    operation: 'readInto',
    key,
    cause: error,
  });
}

function sizeOf(targets: readonly ReadTarget[]): number {
  return targets.reduce((sum, { into }) => sum + into.byteLength, 0);
}
