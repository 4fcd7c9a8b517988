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

/** The slabs of one piece of memory that are free: it can go when all of them are. */
type Region = Slab[];

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
  /** The oldest first: slabs are taken from there, so that the youngest are left and can go. */
  #regions: Region[] = [];
  readonly #regionOf = new WeakMap<Slab, Region>();
  #free = 0;
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
        const slab = this.#take();
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

  #take(): Slab {
    const region = this.#regions.find((some) => some.length > 0) ?? this.#allocate();
    const slab = region.pop();
    if (slab === undefined) throw new Error('a region without a slab');
    this.#free--;
    return slab;
  }

  /** Several slabs at a time, out of WebAssembly's memory: JavaScript has no other that is shared and begins at a page. */
  #allocate(): Region {
    const pages = (SLAB_BYTES / WASM_PAGE_BYTES) * SLABS_PER_REGION;
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const region: Region = [];
    for (let i = 0; i < SLABS_PER_REGION; i++) {
      const slab = { bytes: Buffer.from(buffer, i * SLAB_BYTES, SLAB_BYTES) };
      region.push(slab);
      this.#regionOf.set(slab, region);
    }
    this.#regions.push(region);
    this.#free += SLABS_PER_REGION;
    return region;
  }

  /** Keeps as many as the common budget; what a crowd of users needed is given back to the system. */
  #keep(slab: Slab): void {
    const region = this.#regionOf.get(slab);
    if (region === undefined) throw new Error('a slab of no region');
    region.push(slab);
    this.#free++;
    if (region.length === SLABS_PER_REGION && this.#free - SLABS_PER_REGION >= this.#options.extra) {
      this.#regions = this.#regions.filter((other) => other !== region);
      this.#free -= SLABS_PER_REGION;
    }
  }
}
