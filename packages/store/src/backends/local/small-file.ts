/**
 * Files of up to a megabyte, read in the thread itself: open, look, read, look again, close. Through libuv's pool
 * each of these steps costs more than all of them do here.
 */

import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { stateOf } from '../files/file-state.ts';

export const SMALL_BYTES = 1024 * 1024;

/** A pipe is not waited for. Windows has neither flag. */
const READ = constants.O_RDONLY | ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);
const NO_LINK = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;

export function readFlags(follow: boolean): number {
  return follow ? READ : READ | NO_LINK;
}

export interface SmallFile {
  readonly stats: BigIntStats;
  /** the whole file; `undefined` when it is larger, or no file, or changed while it was read */
  readonly bytes: Uint8Array | undefined;
}

/** @throws the system's error */
export function readSmallFile(path: string, follow: boolean): SmallFile {
  const fd = openSync(path, readFlags(follow));
  try {
    const stats = fstatSync(fd, { bigint: true });
    if (!stats.isFile() || stats.size > SMALL_BYTES) return { stats, bytes: undefined };
    // Memory of its own, which the reader may keep, and not filled with zeros first.
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(Number(stats.size)).buffer);
    for (let filled = 0; filled < bytes.byteLength;) {
      const count = readSync(fd, bytes, filled, bytes.byteLength - filled, filled);
      if (count === 0) return { stats, bytes: undefined };
      filled += count;
    }
    const isSame = stateOf(fstatSync(fd, { bigint: true })).etag === stateOf(stats).etag;
    return { stats, bytes: isSame ? bytes : undefined };
  } finally {
    closeSync(fd);
  }
}
