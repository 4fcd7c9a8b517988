/**
 * The memory that bodies pass through: slabs of shared memory, so that a hashing thread reads what the gateway thread
 * received without a copy. Each user may always have one slab; more come out of a common budget, so that a few fast
 * streams run at full speed and many slow ones cannot use up the memory.
 */

import { Buffer } from 'node:buffer';

export const SLAB_BYTES = 256 * 1024;

export interface Slab {
  /** Distinct among the slabs of a pool. */
  readonly id: number;
  readonly memory: SharedArrayBuffer;
  readonly bytes: Buffer;
}

/** One user's share of the pool: a body being received or sent. */
export interface SlabShare {
  /** Undefined: wait for `whenFree`. */
  take(): Slab | undefined;
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
  #nextId = 0;
  #extraTaken = 0;
  #waiting: (() => void)[] = [];

  constructor(options: SlabPoolOptions) {
    this.#options = options;
  }

  share(): SlabShare {
    let held = 0;
    return {
      take: () => {
        if (held > 0) {
          if (held >= this.#options.perUser || this.#extraTaken >= this.#options.extra) return undefined;
          this.#extraTaken++;
        }
        held++;
        return this.#free.pop() ?? this.#allocate();
      },
      give: (slab) => {
        held--;
        if (held > 0) this.#extraTaken--;
        this.#keep(slab);
        const waiting = this.#waiting;
        this.#waiting = [];
        for (const wake of waiting) wake();
      },
      whenFree: () => new Promise((resolve) => this.#waiting.push(resolve)),
    };
  }

  #allocate(): Slab {
    const memory = new SharedArrayBuffer(SLAB_BYTES);
    return { id: this.#nextId++, memory, bytes: Buffer.from(memory) };
  }

  /** Keeps as many as the common budget; what a crowd of users needed is given back to the system. */
  #keep(slab: Slab): void {
    if (this.#free.length < this.#options.extra) this.#free.push(slab);
  }
}
