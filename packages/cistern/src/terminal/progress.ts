/**
 * How far work has come: objects and bytes, how fast, and how long it will take. A model alone: it draws nothing, and its clock is
 * passed in. What moves objects tells it; progress-view.ts shows it.
 */

import { RateWindow } from './rate-window.ts';

export interface Counts {
  /** as far as is known: grows until `isFinal` */
  readonly total: number;
  /** moved, those of an earlier run included */
  readonly done: number;
  /** the same at the other side already */
  readonly skipped: number;
  readonly failed: number;
}

/** One that is under way. */
export interface CurrentItem {
  readonly name: string;
  /** undefined: not known before its end */
  readonly size: number | undefined;
  /** bytes moved of it, those of an earlier run included */
  readonly done: number;
}

export interface ProgressSnapshot {
  readonly objects: Counts;
  readonly bytes: Counts;
  /** bytes of `bytes.done` that an earlier run had moved */
  readonly resumedBytes: number;
  /** the totals will not grow any more */
  readonly isFinal: boolean;
  readonly elapsedMs: number;
  /** moved now: over the last seconds; undefined when too little has been seen */
  readonly bytesPerSecond: number | undefined;
  readonly objectsPerSecond: number | undefined;
  /** undefined when totals are not final, or nothing moves */
  readonly secondsLeft: number | undefined;
  /** what is under way, the oldest first */
  readonly current: readonly CurrentItem[];
}

/** One object on its way. The last call is one of `done`, `skip` and `fail`; what comes after it changes nothing. */
export interface Item {
  /** @param isResumed an earlier run had moved them: they count as done, and not for the rate */
  add(bytes: number, isResumed?: boolean): void;
  done(): void;
  skip(): void;
  fail(): void;
}

export class Progress {
  readonly #now: () => number;
  readonly #startMs: number;
  readonly #current = new Set<Moving>();
  readonly #bytesMoved: RateWindow;
  readonly #objectsMoved: RateWindow;
  #objects = { total: 0, done: 0, skipped: 0, failed: 0 };
  #bytes = { total: 0, done: 0, skipped: 0, failed: 0 };
  #begun = { objects: 0, bytes: 0 };
  #resumedBytes = 0;
  #isFinal = false;

  /** @param now a clock that never goes back, in ms */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#startMs = now();
    this.#bytesMoved = new RateWindow(this.#startMs);
    this.#objectsMoved = new RateWindow(this.#startMs);
  }

  /** What is known of the whole so far. What was begun and not announced counts, too. */
  total(objects: number, bytes: number, isFinal: boolean): void {
    this.#objects.total = objects;
    this.#bytes.total = bytes;
    this.#isFinal = isFinal;
  }

  /** @param size bytes; undefined when only the end will tell */
  begin(name: string, size: number | undefined): Item {
    this.#begun.objects++;
    this.#begun.bytes += size ?? 0;
    const item = new Moving(name, size, this.#hooks);
    this.#current.add(item);
    return item;
  }

  snapshot(): ProgressSnapshot {
    const nowMs = this.#now();
    const objects = { ...this.#objects, total: Math.max(this.#objects.total, this.#begun.objects) };
    const settled = this.#bytes.done + this.#bytes.skipped + this.#bytes.failed;
    const bytes = { ...this.#bytes, total: Math.max(this.#bytes.total, this.#begun.bytes, settled) };
    const bytesPerSecond = this.#bytesMoved.perSecond(nowMs);
    const objectsPerSecond = this.#objectsMoved.perSecond(nowMs);
    const hasBytes = bytes.total > 0;
    const rate = hasBytes ? bytesPerSecond : objectsPerSecond;
    const left = remaining(hasBytes ? bytes : objects);
    const isKnown = this.#isFinal && rate !== undefined && rate > 0;
    return {
      objects,
      bytes,
      resumedBytes: this.#resumedBytes,
      isFinal: this.#isFinal,
      elapsedMs: nowMs - this.#startMs,
      bytesPerSecond,
      objectsPerSecond,
      secondsLeft: isKnown ? left / rate : undefined,
      current: [...this.#current].map(({ name, size, moved }) => ({ name, size, done: moved })),
    };
  }

  readonly #hooks: MovingHooks = {
    moved: (bytes, isResumed) => {
      this.#bytes.done += bytes;
      if (isResumed) this.#resumedBytes += bytes;
      else this.#bytesMoved.add(bytes, this.#now());
    },
    ended: (item, how) => {
      this.#current.delete(item);
      this.#objects[how]++;
      if (how === 'done') {
        this.#objectsMoved.add(1, this.#now());
        // An object that was longer or shorter than it was listed leaves the whole as long as it turned out to be.
        this.#begun.bytes += item.moved - (item.size ?? 0);
        if (this.#bytes.total > 0) this.#bytes.total += item.moved - (item.size ?? 0);
        return;
      }
      // Its bytes stand where its object does, so that all of them are settled in the end.
      this.#bytes.done -= item.moved;
      this.#bytes[how] += item.size ?? item.moved;
    },
  };
}

/** What is neither done nor skipped nor failed. */
export function remaining({ total, done, skipped, failed }: Counts): number {
  return Math.max(0, total - done - skipped - failed);
}

interface MovingHooks {
  moved(bytes: number, isResumed: boolean): void;
  ended(item: Moving, how: 'done' | 'skipped' | 'failed'): void;
}

class Moving implements Item {
  readonly name: string;
  readonly size: number | undefined;
  moved = 0;
  readonly #hooks: MovingHooks;
  #hasEnded = false;

  constructor(name: string, size: number | undefined, hooks: MovingHooks) {
    this.name = name;
    this.size = size;
    this.#hooks = hooks;
  }

  add(bytes: number, isResumed = false): void {
    if (this.#hasEnded) return;
    this.moved += bytes;
    this.#hooks.moved(bytes, isResumed);
  }

  done(): void {
    this.#end('done');
  }

  skip(): void {
    this.#end('skipped');
  }

  fail(): void {
    this.#end('failed');
  }

  #end(how: 'done' | 'skipped' | 'failed'): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#hooks.ended(this, how);
  }
}
