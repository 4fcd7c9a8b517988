/** Removes uploads that nobody goes on with, and what ended ones left behind. */

import { StoreError } from '../errors.ts';
import type { CallOptions, ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';

export interface CleanUploadsOptions extends CallOptions {
  /**
   * milliseconds without any change after which an upload counts as abandoned; a week when left out. A writer that
   * sleeps longer than this loses its upload, so it should be much longer than any pause between two parts. Compared with
   * the store's clock: a few minutes between that and this machine's do not matter if this is days.
   */
  readonly olderThanMs?: number | undefined;
  /** says what there is to remove, and removes nothing */
  readonly dryRun?: boolean | undefined;
}

export interface CleanedUpload {
  /** `undefined` where only parts were left, which do not name it */
  readonly key: string | undefined;
  readonly id: string;
  /** `abandoned`: it was in progress. `leftover`: it had ended, and parts or marks of it were there still. */
  readonly reason: 'abandoned' | 'leftover';
}

/** The method of backends that know their uploads better than their `listUploads` tells. */
export const CLEAN_UPLOADS: unique symbol = Symbol.for('cistern.cleanUploads') as never;

export interface CleansUploads {
  [CLEAN_UPLOADS](
    options: Required<Omit<CleanUploadsOptions, 'signal'>> & CallOptions,
  ): Promise<CleanedUpload[]>;
}

/** The cleaner of a store, if it has one. For layers, which forward that of the store behind them. */
export function cleanerOf(store: ObjectStore): CleansUploads[typeof CLEAN_UPLOADS] | undefined {
  const inner: ObjectStore & Partial<CleansUploads> = toStore(store).inner;
  return inner[CLEAN_UPLOADS]?.bind(inner);
}

const WEEK_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Removes abandoned uploads. Best called on the backend itself, now and then, by one process: there it goes by the last
 * change and removes what ended uploads left, too. Through layers it goes by when an upload was begun.
 *
 * @returns what was removed, or would be with `dryRun`
 * @throws {StoreError} of the first upload that could not be removed; call again to go on
 */
export async function cleanUploads(
  store: ObjectStore,
  { olderThanMs = WEEK_MS, dryRun = false, signal }: CleanUploadsOptions = {},
): Promise<CleanedUpload[]> {
  if (!(olderThanMs >= 0)) {
    throw new StoreError('InvalidArgument', `olderThanMs is 0 or more, not ${olderThanMs}`);
  }
  const { inner } = toStore(store);
  const own = cleanerOf(inner)?.({ olderThanMs, dryRun, signal });
  if (own !== undefined) return own;
  const removed: CleanedUpload[] = [];
  for await (const { key, id, startedAt } of inner.listUploads({ signal })) {
    if (startedAt.getTime() > Date.now() - olderThanMs) continue;
    if (!dryRun) await (await inner.upload(key, { resume: id, signal })).abort();
    removed.push({ key, id, reason: 'abandoned' });
  }
  return removed;
}
