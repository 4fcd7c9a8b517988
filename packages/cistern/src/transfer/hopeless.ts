/** Which failures of one object all others would meet, too. */

import { isStoreError } from '@cistern/store';
import type { StoreErrorCode } from '@cistern/store';

const HOPELESS: readonly StoreErrorCode[] = ['Unauthenticated', 'StorageFull', 'Closed'];
/** Out of reach so many times in a row, after all that the stores tried, is gone. */
const UNREACHABLE_MAX = 32;

export class Hope {
  #unreachable = 0;

  succeeded(): void {
    this.#unreachable = 0;
  }

  /** @returns whether it makes sense to go on after an object failed with `error` */
  isLeftAfter(error: unknown): boolean {
    if (!isStoreError(error)) return true;
    const isFar = error.code === 'Unavailable' || error.code === 'Timeout';
    this.#unreachable = isFar ? this.#unreachable + 1 : 0;
    // Nothing is written to a bucket that is not there.
    const isNowhere = error.code === 'NotFound' && error.operation === 'put';
    return !isNowhere && !HOPELESS.includes(error.code) && this.#unreachable < UNREACHABLE_MAX;
  }
}
