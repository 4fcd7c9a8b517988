/**
 * A file that holds nothing but room. A disk that others have filled to its last block takes no deletion either, for the
 * log, its index and the lock need some blocks: this file is given up for them, and made again when there is room.
 */

import { randomBytes } from 'node:crypto';
import { rmSync, statfsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskRoom } from './disk-room.ts';

const SPARE_FILE = 'spare';
/** What a start needs, and then a log that starts over again and again: some hundred pages. */
const SPARE_BYTES = 1024 * 1024;
/** With less a start may fail. Bytes. */
const START_BYTES = SPARE_BYTES / 4;

export class SpareRoom {
  readonly #path: string;
  readonly #directory: string;
  /** Whether it was there when it was last looked for. */
  #kept: boolean;

  /** @param directory the data directory */
  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, SPARE_FILE);
    this.#kept = this.#isThere();
  }

  /** Before a start: gives it up when nothing else is left. */
  useForStart(): void {
    try {
      const { bavail, bsize, blocks } = statfsSync(this.#directory);
      if (blocks > 0 && bavail * bsize < START_BYTES) this.use();
    } catch {
      // The start itself says what is wrong with the disk.
    }
  }

  /** Gives it up. @returns whether there was one */
  use(): boolean {
    this.#kept = false;
    try {
      unlinkSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes it, where it is not there and the room is more than what is kept for deletions. Whoever cannot goes without. */
  keep(room: Pick<DiskRoom, 'left'>): void {
    if (this.#kept || room.left < SPARE_BYTES) return;
    try {
      // A file system may compress anything else, or leave it out.
      writeFileSync(this.#path, randomBytes(SPARE_BYTES), { mode: 0o600 });
      this.#kept = true;
    } catch {
      rmSync(this.#path, { force: true });
    }
  }

  /** A crash may have left a part of it. */
  #isThere(): boolean {
    return (statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0) >= SPARE_BYTES;
  }
}
