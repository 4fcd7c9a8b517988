/** The uploads of a store by their newest states. One listing without the parts, and one small read an upload. */

import { isStoreError } from '../errors.ts';
import { parseStateKey } from './part-objects.ts';
import type { PartObjects } from './part-objects.ts';
import { readState } from './upload-log.ts';
import type { UploadState } from './upload-state.ts';

export interface FoundUpload {
  readonly folder: string;
  readonly id: string;
  /** of the newest state */
  readonly number: number;
  readonly state: UploadState;
  /** when the newest state was made, by the store's clock */
  readonly changedAt: Date;
}

interface Newest {
  readonly folder: string;
  readonly id: string;
  readonly number: number;
  readonly changedAt: Date;
}

/** States read at once. */
const CONCURRENCY = 8;

/** All uploads whose states' keys begin with `prefix`, those that have ended included; in no order to rely on. */
export async function* eachUpload(
  objects: PartObjects,
  prefix: string,
  signal?: AbortSignal,
): AsyncGenerator<FoundUpload> {
  const reading: Promise<FoundUpload | undefined>[] = [];
  try {
    for await (const newest of eachNewest(objects, prefix, signal)) {
      const one = read(objects, newest, signal);
      // It may fail before its turn comes to be awaited.
      one.catch(() => undefined);
      reading.push(one);
      if (reading.length < CONCURRENCY) continue;
      const found = await reading.shift();
      if (found !== undefined) yield found;
    }
    while (reading.length > 0) {
      const found = await reading.shift();
      if (found !== undefined) yield found;
    }
  } finally {
    // Who stops early, or has failed, is not to be told of the others.
    await Promise.allSettled(reading);
  }
}

async function* eachNewest(
  objects: PartObjects,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Newest> {
  let newest: Newest | undefined;
  for await (const entry of objects.list({ prefix, signal })) {
    const parsed = entry.type === 'object' ? parseStateKey(entry.key) : undefined;
    if (parsed === undefined || entry.type !== 'object') continue;
    if (newest !== undefined && newest.folder !== parsed.folder) yield newest;
    newest = { ...parsed, changedAt: entry.lastModified };
  }
  if (newest !== undefined) yield newest;
}

async function read(
  objects: PartObjects,
  newest: Newest,
  signal: AbortSignal | undefined,
): Promise<FoundUpload | undefined> {
  try {
    return { ...newest, state: await readState(objects, newest.folder, newest.number, signal) };
  } catch (error) {
    // Cleaned away since it was listed.
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}
