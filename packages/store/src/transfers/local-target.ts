/**
 * The seam of stores that are plain folders: a transfer writes their files itself, so that it can do so from several ranges at
 * once, and go on with what is there.
 */

import type { ObjectStore } from '../object-store.ts';
import { toStore } from '../store.ts';

/** The method of a store whose objects are whole files, and their bytes the objects' bytes. */
export const LOCAL_FILE: unique symbol = Symbol.for('cistern.localFile') as never;

export interface HasLocalFiles {
  /**
   * Where the object of that key is, or would be: an absolute path in a folder that is there when this resolves. A transfer
   * writes to names that end in `PARTIAL_SUFFIX` beside it, which the store does not list, and renames.
   *
   * @param isLikely `true`: without a look at what may be in the way, and at a folder that was there before. Whoever then fails with
   *   `NotFound` or `Conflict` asks again without
   * @throws {StoreError} as `put` does before it writes: for a key that cannot be a path, a link on the way, a store that was closed
   */
  [LOCAL_FILE](key: string, isLikely?: boolean): Promise<string>;
}

/** Files whose names begin with a dot and end like this are on their way: no object of any store. */
export const PARTIAL_SUFFIX = '.cistern-partial';

/** @returns the method of `store`, if it has it; of layers none has it */
export function localFileOf(store: ObjectStore): HasLocalFiles[typeof LOCAL_FILE] | undefined {
  const inner: ObjectStore & Partial<HasLocalFiles> = toStore(store).inner;
  return inner[LOCAL_FILE]?.bind(inner);
}
