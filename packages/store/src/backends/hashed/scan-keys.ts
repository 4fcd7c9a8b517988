/**
 * Lists a hashed folder by key. Files stand in the order of hashes, so each listing opens every file, reads its header, and sorts:
 * it costs as much as a look at all files, however few keys are asked for, and memory for `runKeysMax` keys; what is more is
 * sorted in temporary files.
 */

import { constants } from 'node:fs';
import { throwIfAborted } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type { ListedObject } from '../../object-store.ts';
import type { Area } from '../files/area.ts';
import { stateOf } from '../files/file-state.ts';
import { unless } from '../files/file-system.ts';
import type { WalkRequest } from '../files/folder-store.ts';
import { isWanted } from '../files/roll-up.ts';
import { sortExternally } from './external-sort.ts';
import { eachHashFolder } from './hash-folders.ts';
import { readHeader } from './header.ts';

/** Files that are looked at together. */
const TOGETHER = 16;

export interface ScanOptions extends WalkRequest {
  readonly area: Area;
  /** keys that are sorted in memory */
  readonly runKeysMax: number;
}

/** What a temporary file holds of an object: a date as a number. */
type Found = readonly [key: string, size: number, etag: string, timeMs: number];

export async function* scanKeys(options: ScanOptions): AsyncGenerator<ListedObject> {
  const sorted = sortExternally(scan(options), {
    compare: ([a], [b]) => compareKeys(a, b),
    runItemsMax: options.runKeysMax,
    fs: options.area.fs,
    newPath: () => options.area.staging.newPath(),
  });
  for await (const [key, size, etag, timeMs] of sorted) {
    throwIfAborted(options.signal, 'list');
    yield { type: 'object', key, size, etag, lastModified: new Date(timeMs) };
  }
}

async function* scan({ area, prefix, seek, signal }: ScanOptions): AsyncGenerator<Found> {
  for await (const files of eachHashFolder(area, () => true)) {
    for (let start = 0; start < files.length; start += TOGETHER) {
      throwIfAborted(signal, 'list');
      const found = await Promise.all(
        files.slice(start, start + TOGETHER).map(({ path }) => look(area, path)),
      );
      for (const one of found) {
        if (one !== undefined && one[0].startsWith(prefix) && isWanted(one[0], seek)) yield one;
      }
    }
  }
}

async function look({ fs }: Area, path: string): Promise<Found | undefined> {
  const handle = await unless(fs.open(path, constants.O_RDONLY), 'ENOENT');
  if (handle === undefined) return undefined;
  try {
    const [{ key, size: headerSize }, stats] = await Promise.all([
      readHeader(handle),
      handle.stat({ bigint: true }),
    ]);
    const { size, etag, lastModified } = stateOf(stats);
    return [key, size - headerSize, etag, lastModified.getTime()];
  } finally {
    await handle.close();
  }
}
