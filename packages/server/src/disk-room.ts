/**
 * How much of a disk may still be taken. The last of it is kept for what makes room again: a deletion is a write, too,
 * and so is all that comes before a file is removed and before the log is moved into the database.
 */

import { statfsSync } from 'node:fs';

/** Four times what the write-ahead log grows to before it is moved into the database, which grows by it then. Bytes. */
const RESERVE_BYTES = 64 * 1024 * 1024;
/** Of a small disk. */
const RESERVE_SHARE = 1 / 16;

/** With so much left it is looked at only now and then: in that time nobody can write that much. */
const PLENTY_BYTES = 1024 * 1024 * 1024;
const LOOK_EVERY_MS = 50;

export class DiskRoom {
  readonly #path: string;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #left = 0;
  #reserve = RESERVE_BYTES;

  /** @param path any on that disk */
  constructor(path: string) {
    this.#path = path;
  }

  /** Bytes that are kept back. */
  get reserve(): number {
    this.#look();
    return this.#reserve;
  }

  /** Bytes that may be taken, not above 0 when only the reserve is left. Infinite where the disk does not tell. */
  get left(): number {
    this.#look();
    return this.#left;
  }

  #look(): void {
    const now = performance.now();
    if (this.#left > PLENTY_BYTES && now - this.#lookedMs < LOOK_EVERY_MS) return;
    this.#lookedMs = now;
    const { blocks, bavail, bsize } = this.#statfs();
    // Some network file systems count no blocks.
    const unknown = blocks === 0;
    this.#reserve = unknown ? RESERVE_BYTES : Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE);
    this.#left = unknown ? Number.POSITIVE_INFINITY : bavail * bsize - this.#reserve;
  }

  #statfs(): { blocks: number; bavail: number; bsize: number } {
    try {
      return statfsSync(this.#path);
    } catch {
      // Whoever writes there is told by the write itself.
      return { blocks: 0, bavail: 0, bsize: 0 };
    }
  }
}
