/**
 * Reader epochs, in memory shared by all threads: how the reaper knows that nobody still reads a blob. The writer
 * stores the sequence number of its newest commit; a reader, before it looks at the catalog, enters the epoch of the
 * newest commit it knows of, and leaves when it has read the last byte. A blob that was given up in commit S may be
 * deleted once no reader is in an epoch before S: whoever looked at the catalog later cannot have seen it.
 */

const COMMITTED = 0;
/** Counts the beginnings and the ends of commits that change a bucket: odd while one is under way. */
const BUCKETS = 1;
/** 1 while the writer waits for readers to let go of what they see. */
const BRIEF = 2;
/** 1 while a commit is under way: others may see it already, or not yet. */
const COMMITTING = 3;
const FIRST_READER = 4;
const IDLE = 0x7fffffffffffffffn;

export type EpochMemory = SharedArrayBuffer;

/** One slot a reading thread. */
export function createEpochMemory(readers: number): EpochMemory {
  const memory = new SharedArrayBuffer(8 * (FIRST_READER + readers));
  new BigInt64Array(memory).fill(IDLE, FIRST_READER);
  return memory;
}

/** A reading thread's side. */
export class EpochReader {
  readonly #slots: BigInt64Array;
  readonly #slot: number;
  /** The oldest epoch with reads under way, and how many they are. */
  #oldest = IDLE;
  #reads = 0;
  /**
   * The same of younger ones. Epochs only grow, so the first entry is the oldest. A read of a small object is over at once:
   * through a map alone, each would leave a piece of a table to the collector.
   */
  readonly #younger = new Map<bigint, number>();

  constructor(memory: EpochMemory, reader: number) {
    this.#slots = new BigInt64Array(memory);
    this.#slot = FIRST_READER + reader;
  }

  /**
   * As long as it is the same, so are all buckets: what was read after it was loaded may be kept. Undefined while a commit
   * changes them: what one thread has seen of it another must not take from what it has kept.
   */
  get buckets(): bigint | undefined {
    const count = Atomics.load(this.#slots, BUCKETS);
    return count % 2n === 0n ? count : undefined;
  }

  /** Whether somebody may have seen a commit that `committed` does not tell of yet. */
  get committing(): boolean {
    return Atomics.load(this.#slots, COMMITTING) !== 0n;
  }

  /** The sequence number of the newest commit. Everything that was acknowledged is in it or before it. */
  get committed(): bigint {
    return Atomics.load(this.#slots, COMMITTED);
  }

  /** Whether reads should hold no snapshot for longer than they need it. */
  get brief(): boolean {
    return Atomics.load(this.#slots, BRIEF) !== 0n;
  }

  enter(): bigint {
    const epoch = this.committed;
    if (this.#reads === 0) this.#begin(epoch, 1);
    else if (epoch === this.#oldest) this.#reads++;
    else this.#younger.set(epoch, (this.#younger.get(epoch) ?? 0) + 1);
    return epoch;
  }

  leave(epoch: bigint): void {
    if (epoch === this.#oldest) {
      if (--this.#reads === 0) this.#leaveOldest();
      return;
    }
    const count = this.#younger.get(epoch) ?? 0;
    if (count > 1) this.#younger.set(epoch, count - 1);
    else this.#younger.delete(epoch);
  }

  #begin(epoch: bigint, reads: number): void {
    this.#oldest = epoch;
    this.#reads = reads;
    Atomics.store(this.#slots, this.#slot, epoch);
  }

  #leaveOldest(): void {
    const next = this.#younger.entries().next();
    if (next.done === true) {
      this.#begin(IDLE, 0);
      return;
    }
    const [epoch, reads] = next.value;
    this.#younger.delete(epoch);
    this.#begin(epoch, reads);
  }
}

/** The writer's side. */
export class EpochWriter {
  readonly #slots: BigInt64Array;
  #bucketsChanging = false;

  constructor(memory: EpochMemory) {
    this.#slots = new BigInt64Array(memory);
  }

  /** Before a commit, which others may see before `committed` is called, or never when it fails. */
  committing({ buckets }: { buckets: boolean }): void {
    Atomics.store(this.#slots, COMMITTING, 1n);
    if (buckets && !this.#bucketsChanging) Atomics.add(this.#slots, BUCKETS, 1n);
    this.#bucketsChanging ||= buckets;
  }

  /** After it, before anybody is told of it. */
  committed(seq: number): void {
    Atomics.store(this.#slots, COMMITTED, BigInt(seq));
    if (this.#bucketsChanging) Atomics.add(this.#slots, BUCKETS, 1n);
    this.#bucketsChanging = false;
    Atomics.store(this.#slots, COMMITTING, 0n);
  }

  askForBriefReads(brief: boolean): void {
    Atomics.store(this.#slots, BRIEF, brief ? 1n : 0n);
  }

  /** Whether no reader can still see what was given up in the commit that ended at `seq`. */
  passed(seq: number): boolean {
    const limit = BigInt(seq);
    for (let i = FIRST_READER; i < this.#slots.length; i++) {
      if (Atomics.load(this.#slots, i) < limit) return false;
    }
    return true;
  }
}
