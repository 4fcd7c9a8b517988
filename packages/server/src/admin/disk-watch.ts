/**
 * Whether the disk still takes writes, for whoever asks if the server is ready: a disk that is frozen, or has lost its
 * device, fails nothing; it lets everybody wait. It is tried when somebody asks, and by one at a time.
 */

import { open } from 'node:fs/promises';

/** A disk under heavy load may take seconds for a sync; one that takes longer serves nobody. */
const PATIENCE_MS = 5000;
/** An answer counts for so long, however often it is asked for. */
const FRESH_MS = 1000;

/** Refusals that will not pass: those for want of room or rights say nothing of the disk. */
const BROKEN: ReadonlySet<string | undefined> = new Set(['EIO', 'EROFS', 'ENODEV', 'ENXIO']);

export class DiskWatch {
  readonly #write: () => Promise<void>;
  readonly #patienceMs: number;
  #asked: Promise<string | undefined> | undefined;
  #writing = false;
  #late = false;
  #endedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param write writes something to the disk, and resolves when it is there
   * @param patienceMs for how long that may take
   */
  constructor(write: () => Promise<void>, patienceMs: number = PATIENCE_MS) {
    this.#write = write;
    this.#patienceMs = patienceMs;
  }

  /** What is wrong with it; undefined: it takes writes. Resolves after `patienceMs` at the latest. */
  trouble(): Promise<string | undefined> {
    const old = !this.#writing && performance.now() - this.#endedMs > FRESH_MS;
    if (this.#asked === undefined || old) this.#asked = this.#ask();
    return this.#late ? Promise.resolve(this.#stalled()) : this.#asked;
  }

  async #ask(): Promise<string | undefined> {
    this.#writing = true;
    const late = Promise.withResolvers<string>();
    const timer = setTimeout(() => {
      this.#late = true;
      late.resolve(this.#stalled());
    }, this.#patienceMs);
    const written = this.#write().then(
      () => undefined,
      ({ code, message }: NodeJS.ErrnoException) =>
        BROKEN.has(code) ? `the disk takes no writes (${message})` : undefined,
    );
    const ended = written.then((trouble) => {
      clearTimeout(timer);
      this.#writing = false;
      this.#late = false;
      this.#endedMs = performance.now();
      this.#asked = written;
      return trouble;
    });
    return Promise.race([ended, late.promise]);
  }

  #stalled(): string {
    return `the disk has not answered for ${this.#patienceMs / 1000} s`;
  }
}

/** Of a directory, so that no file is left by it: its time of change, which says nothing to anybody. */
export async function touchDurably(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    const now = new Date();
    await directory.utimes(now, now);
    await directory.sync();
  } finally {
    await directory.close();
  }
}
