/**
 * @module What a directory takes on the disk: blocks, not lengths, because logs are written ahead into holes.
 */

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const BLOCK_BYTES = 512;
// Longer than a reaper rests between two looks.
const SETTLE_INTERVAL_MS = 1000;
const SETTLE_INTERVALS_MAX = 20;

/** Bytes of all files below; what vanishes meanwhile counts as nothing. */
export function diskBytes(directory: string): number {
  let total = 0;
  for (const entry of contentsOf(directory)) {
    const path = join(directory, entry.name);
    total += entry.isDirectory() ? diskBytes(path) : fileBytes(path);
  }
  return total;
}

/** As `diskBytes`, once nothing changes any more: the server may still be deleting what rows before have left. */
export async function settledDiskBytes(directory: string): Promise<number> {
  let bytes = diskBytes(directory);
  for (let interval = 0; interval < SETTLE_INTERVALS_MAX; interval++) {
    await delay(SETTLE_INTERVAL_MS);
    const now = diskBytes(directory);
    if (now === bytes) break;
    bytes = now;
  }
  return bytes;
}

function contentsOf(directory: string): ReturnType<typeof entriesOf> {
  try {
    return entriesOf(directory);
  } catch {
    return [];
  }
}

function entriesOf(directory: string) {
  return readdirSync(directory, { withFileTypes: true });
}

function fileBytes(path: string): number {
  return (lstatSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * BLOCK_BYTES;
}
