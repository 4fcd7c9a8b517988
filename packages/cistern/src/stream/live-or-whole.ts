/** What is to be followed at a key: an upload while it is written, or the object if that is all there is. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isStoreError } from '@cistern/store/errors';
import type { Store, UploadReader } from '@cistern/store';
import { notFound } from '../failures/failure.ts';

/** Between two looks. */
const LOOK_MS_MIN = 100;
const LOOK_MS_MAX = 1000;

/**
 * The newest upload in progress. Undefined: there is none, and the object is there.
 *
 * @param name of the key, as it is shown
 * @param waitMs for one of the two to appear
 * @throws {Failure} `EXIT_NOT_FOUND` when neither does
 */
export async function liveOrWhole(
  store: Store,
  key: string,
  name: string,
  waitMs: number,
): Promise<UploadReader | undefined> {
  const until = performance.now() + waitMs;
  for (let pause = LOOK_MS_MIN; ; pause = Math.min(LOOK_MS_MAX, pause * 2)) {
    const reader = await openUpload(store, key);
    if (reader !== undefined || (await store.exists(key))) return reader;
    const leftMs = until - performance.now();
    if (leftMs <= 0) {
      throw notFound(
        `There is no upload of ${name} in progress, and no object`,
        'Begin one: cistern put --live - PLACE. --wait 5m waits longer for it.',
      );
    }
    await sleep(Math.min(pause, leftMs));
  }
}

async function openUpload(store: Store, key: string): Promise<UploadReader | undefined> {
  if (!store.capabilities.uploads) return undefined;
  try {
    return await store.openUpload(key);
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}
