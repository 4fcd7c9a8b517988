/**
 * The memory that bodies pass through: slabs of shared memory, so that a hashing thread reads what the gateway thread
 * received without a copy. Each user may always have one slab; more come out of a common budget, so that a few fast
 * streams run at full speed and many slow ones cannot use up the memory.
 */

import { Buffer } from 'node:buffer';

export const SLAB_BYTES = 256 * 1024;

/** Direct I/O wants memory, offsets and lengths in multiples of this. Bytes. */
export const ALIGNMENT = 4096;

/** SLAB_BYTES of shared memory at an aligned address. */
export interface Slab {
  readonly bytes: Buffer;
}

/** The one thing needed of it; its types come with those of browsers only. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number; shared: true }) => {
    readonly buffer: SharedArrayBuffer;
  };
};

const WASM_PAGE_BYTES = 64 * 1024;
const SLABS_PER_REGION = 16;

/** One user's share of the pool: a body being received or sent. */
export interface SlabShare {
  /** Undefined: wait for `whenFree`. */
  take(): Slab | undefined;
  /** @throws Error for a slab that is not held: memory that two bodies got would mix their bytes. */
  give(slab: Slab): void;
  /** Resolves when `take` is worth another try. */
  whenFree(): Promise<void>;
}

export interface SlabPoolOptions {
  /** Slabs beyond the first of each user. */
  readonly extra: number;
  /** Slabs that one user may have. */
  readonly perUser: number;
}

export class SlabPool {
  readonly #options: SlabPoolOptions;
  #free: Slab[] = [];
  #extraTaken = 0;
  #waiting: (() => void)[] = [];

  constructor(options: SlabPoolOptions) {
    this.#options = options;
  }

  share(): SlabShare {
    const held = new Set<Slab>();
    return {
      take: () => {
        if (held.size > 0) {
          if (held.size >= this.#options.perUser || this.#extraTaken >= this.#options.extra) return undefined;
          this.#extraTaken++;
        }
        const slab = this.#free.pop() ?? this.#allocate();
        held.add(slab);
        return slab;
      },
      give: (slab) => {
        if (!held.delete(slab)) throw new Error('a slab was given back that is not held');
        if (held.size > 0) this.#extraTaken--;
        this.#keep(slab);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
      },
      whenFree: () => new Promise((resolve) => this.#waiting.push(resolve)),
    };
  }

  /**
   * Several at a time, out of WebAssembly's memory: JavaScript has no other that is shared and begins at a page. A
   * region goes when the last of its slabs does.
   */
  #allocate(): Slab {
    const pages = (SLAB_BYTES / WASM_PAGE_BYTES) * SLABS_PER_REGION;
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    for (let i = 1; i < SLABS_PER_REGION; i++) {
      this.#free.push({ bytes: Buffer.from(buffer, i * SLAB_BYTES, SLAB_BYTES) });
    }
    return { bytes: Buffer.from(buffer, 0, SLAB_BYTES) };
  }

  /** Keeps as many as the common budget; what a crowd of users needed is given back to the system. */
  #keep(slab: Slab): void {
    if (this.#free.length < this.#options.extra + SLABS_PER_REGION) this.#free.push(slab);
  }
}
