/** A range of an object that may have no byte there. */

import type { ByteRange, Store } from '@cistern/store';
import { isStoreError } from '@cistern/store/errors';

type Reading = Awaited<ReturnType<Store['get']>>;

/** @returns undefined when the object has no byte there @throws {StoreError} `PreconditionFailed` when it has another etag */
export async function openRange(
  store: Store,
  key: string,
  range: ByteRange,
  ifMatch?: string,
): Promise<Reading | undefined> {
  try {
    return await store.get(key, { range, ifMatch });
  } catch (error) {
    if (isStoreError(error, 'InvalidRange')) return undefined;
    throw error;
  }
}
