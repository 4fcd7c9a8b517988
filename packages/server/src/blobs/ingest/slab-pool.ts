/**
 * The memory that bodies pass through: slabs of shared memory, so that a hashing thread reads what the gateway thread
 * received without a copy. Each user may always have one slab; more come out of a common budget, so that a few fast
 * streams run at full speed and many slow ones cannot use up the memory.
 */

import { Buffer } from 'node:buffer';

export const SLAB_BYTES = 256 * 1024;

/** Direct I/O wants memory, offsets and lengths in multiples of this. Bytes. */
export const ALIGNMENT = 4096;

/** SLAB_BYTES of shared memory at an aligned address, or several times as much: slabs that lie side by side. */
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
/** Of a region's bits. */
const ALL_FREE = 2 ** SLABS_PER_REGION - 1;

/** One piece of memory: it can go when all of its slabs are free. */
interface Region {
  readonly slabs: readonly Slab[];
  /** A bit for each slab. */
  free: number;
}

/** Where a slab is, or several side by side. */
interface Place {
  readonly region: Region;
  readonly bits: number;
  readonly count: number;
}

/** One user's share of the pool: a body being received or sent. */
export interface SlabShare {
  /**
   * @param most slabs side by side, a power of two; fewer come when there are not so many
   * @returns undefined: wait for `whenFree`
   */
  take(most?: number): Slab | undefined;
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
  readonly #places = new WeakMap<Slab, Place>();
  #free = 0;
  #extraTaken = 0;
  #waiting: (() => void)[] = [];

  constructor(options: SlabPoolOptions) {
    this.#options = options;
  }

  share(): SlabShare {
    const held = new Set<Slab>();
    let count = 0;
    /** The first of a user is none of the common budget's. */
    const hold = (now: number): void => {
      this.#extraTaken += Math.max(0, now - 1) - Math.max(0, count - 1);
      count = now;
    };
    return {
      take: (most = 1) => {
        const { perUser, extra } = this.#options;
        const allowed = Math.min(perUser - count, extra - this.#extraTaken + (count === 0 ? 1 : 0));
        if (allowed < 1) return undefined;
        const slab = this.#take(Math.min(most, powerOfTwoUpTo(allowed)));
        held.add(slab);
        hold(count + slab.bytes.length / SLAB_BYTES);
        return slab;
      },
      give: (slab) => {
        if (!held.delete(slab)) throw new Error('a slab was given back that is not held');
        hold(count - slab.bytes.length / SLAB_BYTES);
        this.#keep(slab);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
      },
      whenFree: () => new Promise((resolve) => this.#waiting.push(resolve)),
    };
  }

  /** Rather fewer than wanted than new memory. */
  #take(most: number): Slab {
    for (let count = most; count >= 1; count /= 2) {
      for (const region of this.#regions) {
        const slab = this.#takeFrom(region, count);
        if (slab !== undefined) return slab;
      }
    }
    this.#allocate();
    return this.#take(most);
  }

  #takeFrom(region: Region, count: number): Slab | undefined {
    for (let at = 0; at < SLABS_PER_REGION; at += count) {
      const bits = ((1 << count) - 1) << at;
      const first = region.slabs[at];
      if ((region.free & bits) !== bits || first === undefined) continue;
      region.free &= ~bits;
      this.#free -= count;
      const { buffer, byteOffset } = first.bytes;
      const slab = count === 1 ? first : { bytes: Buffer.from(buffer, byteOffset, count * SLAB_BYTES) };
      this.#places.set(slab, { region, bits, count });
      return slab;
    }
    return undefined;
  }

  /** Several slabs at a time, out of WebAssembly's memory: JavaScript has no other that is shared and begins at a page. */
  #allocate(): void {
    const pages = (SLAB_BYTES / WASM_PAGE_BYTES) * SLABS_PER_REGION;
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const slabs = Array.from({ length: SLABS_PER_REGION }, (_, i) => ({
      bytes: Buffer.from(buffer, i * SLAB_BYTES, SLAB_BYTES),
    }));
    this.#regions.push({ slabs, free: ALL_FREE });
    this.#free += SLABS_PER_REGION;
  }

  /** Keeps as many as the common budget; what a crowd of users needed is given back to the system. */
  #keep(slab: Slab): void {
    const place = this.#places.get(slab);
    if (place === undefined) throw new Error('a slab of no region');
    const { region, bits, count } = place;
    region.free |= bits;
    this.#free += count;
    if (region.free === ALL_FREE && this.#free - SLABS_PER_REGION >= this.#options.extra) {
      this.#regions = this.#regions.filter((other) => other !== region);
      this.#free -= SLABS_PER_REGION;
    }
  }
}

function powerOfTwoUpTo(count: number): number {
  return 2 ** Math.floor(Math.log2(count));
}
