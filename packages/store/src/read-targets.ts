/** What the targets of a `readInto` need of an object, checked before a byte is read. */

import { StoreError } from './errors.ts';
import type { ReadIntoOptions, ReadTarget } from './object-store.ts';

/** @throws {StoreError} `InvalidArgument` for targets that make no sense for any object */
export function checkTargets(
  targets: readonly ReadTarget[],
  { whole }: Pick<ReadIntoOptions, 'whole'>,
  key: string,
): void {
  for (const { start, into } of targets) {
    if (!Number.isSafeInteger(start) || start < 0 || !(into instanceof Uint8Array)) {
      throw new StoreError('InvalidArgument', 'A target is { start: 0 or more, into: Uint8Array }', {
        operation: 'readInto',
        key,
      });
    }
  }
  if (whole === true && (targets.length !== 1 || targets[0]?.start !== 0)) {
    throw new StoreError('InvalidArgument', 'With `whole` there is one target, and it begins at 0', {
      operation: 'readInto',
      key,
    });
  }
}

/**
 * @param size bytes of the object
 * @returns the targets cut to the object: only a target for a whole object can be larger than it
 * @throws {StoreError} `BufferTooSmall`, `InvalidRange`
 */
export function fitTargets(
  targets: readonly ReadTarget[],
  { whole }: Pick<ReadIntoOptions, 'whole'>,
  size: number,
  key: string,
): readonly ReadTarget[] {
  if (whole === true) {
    return targets.map(({ start, into }) => {
      if (into.byteLength >= size) return { start, into: into.subarray(0, size) };
      throw new StoreError(
        'BufferTooSmall',
        `${key} has ${size} bytes, and the memory given has ${into.byteLength}: ${size} are needed`,
        { operation: 'readInto', key, bytesNeeded: size },
      );
    });
  }
  for (const { start, into } of targets) {
    if (start + into.byteLength <= size) continue;
    throw new StoreError(
      'InvalidRange',
      `${key} has ${size} bytes: a target of ${into.byteLength} from ${start} on cannot be filled`,
      { operation: 'readInto', key },
    );
  }
  return targets;
}
