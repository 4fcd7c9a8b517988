/** Ranges of an object's bytes, resolved against its size. */

import { StoreError } from './errors.ts';
import type { ByteRange } from './object-store.ts';

/** Half open: bytes `start` to `end - 1`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * @returns what a range selects of `size` bytes; all of them without a range
 * @throws {StoreError} `InvalidRange` when it begins at the end or later (a suffix never does), `InvalidArgument` when it
 *   makes no sense for any size
 */
export function resolveRange(range: ByteRange | undefined, size: number, key?: string): Span {
  if (range === undefined) return { start: 0, end: size };
  checkRange(range, key);
  if ('suffix' in range) return { start: Math.max(0, size - range.suffix), end: size };
  if (range.start >= size) {
    throw new StoreError('InvalidRange', `The object has ${size} bytes: none from ${range.start} on`, {
      operation: 'get',
      key,
    });
  }
  return { start: range.start, end: Math.min(size, range.end ?? size) };
}

/**
 * As `resolveRange`, of what an upload has committed: what is still to come cannot be read.
 *
 * @throws {StoreError} `InvalidRange`, also when not all of the range is committed
 */
export function resolveCommitted(range: ByteRange | undefined, committed: number, key: string): Span {
  const span = resolveRange(range, committed, key);
  if (range !== undefined && 'end' in range && range.end !== undefined && range.end > committed) {
    throw new StoreError(
      'InvalidRange',
      `${committed} bytes are committed, and ${range.end} were asked for`,
      { operation: 'openUpload', key },
    );
  }
  return span;
}

/** @throws {StoreError} `InvalidArgument` for a range that makes no sense for any size */
export function checkRange(range: ByteRange, key?: string): void {
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
  const wrong =
    'suffix' in range
      ? !whole(range.suffix)
      : !whole(range.start) || (range.end !== undefined && (!whole(range.end) || range.end <= range.start));
  if (!wrong) return;
  throw new StoreError(
    'InvalidArgument',
    `A range is { start, end } with 0 <= start < end, or { suffix } of 0 or more; this is ${JSON.stringify(range)}`,
    { operation: 'get', key },
  );
}
