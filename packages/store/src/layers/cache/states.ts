/**
 * Which state of each key the cache holds for the present one, and since when. Everything that could make it take an older
 * state for the present one goes through here: a look that began before a write ended says nothing about what is there after it.
 */

import { isStoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { ObjectInfo } from '../../object-store.ts';
import type { BlockCache } from './block-cache.ts';
import { SharedCall } from './shared-call.ts';

/** Infos that are remembered: some hundred bytes each. */
const INFOS_MAX = 50_000;

interface Known {
  readonly info: ObjectInfo;
  readonly checkedAt: number;
}

export interface Look<T> {
  readonly info: ObjectInfo;
  /** what came along with it from the origin */
  readonly extra: T | undefined;
}

/** Asks the origin. Rejects with `NotModified` when the state is still `etag`. */
export type Looker<T> = (etag: string | undefined, signal: AbortSignal) => Promise<Look<T>>;

export class States<T> {
  readonly #blocks: BlockCache;
  readonly #maxAgeMs: number;
  readonly #discard: (extra: T) => void;
  readonly #known = new Map<string, Known>();
  readonly #looking = new Map<string, SharedCall<Look<T>>>();
  /** writes under way, and how many there have been since there were none */
  readonly #writing = new Map<string, { count: number; begun: number }>();

  /**
   * @param maxAgeMs milliseconds for which a look is good
   * @param discard lets go of what came along with a look that nobody has taken
   */
  constructor(blocks: BlockCache, maxAgeMs: number, discard: (extra: T) => void) {
    this.#discard = discard;
    this.#blocks = blocks;
    this.#maxAgeMs = maxAgeMs;
  }

  /**
   * The present state of a key: known for long enough, or looked up, once for all who ask at the same time.
   *
   * @param look asks in this caller's way
   * @param take as in SharedCall
   */
  async current(
    key: string,
    operation: StoreOperation,
    signal: AbortSignal | undefined,
    look: Looker<T>,
    take: (look: Look<T>) => void,
  ): Promise<ObjectInfo> {
    await this.#blocks.ready();
    const known = this.#known.get(key);
    if (known !== undefined && this.#isFresh(known)) {
      // Used last.
      this.#known.delete(key);
      this.#known.set(key, known);
      return known.info;
    }
    let looking = this.#looking.get(key);
    if (looking === undefined || looking.abandoned) looking = this.#look(key, look);
    const { info } = await looking.wait(signal, operation, key, take);
    return info;
  }

  /** The next who asks for a key has the origin asked. */
  doubt(key: string): void {
    const known = this.#known.get(key);
    if (known !== undefined) this.#known.set(key, { ...known, checkedAt: Number.NEGATIVE_INFINITY });
  }

  /** What was held for the present state is not: the origin said so. */
  async forget(key: string): Promise<void> {
    this.#known.delete(key);
    this.#looking.delete(key);
    await this.#blocks.forget(key);
  }

  /**
   * Does a write of a key.
   *
   * @param alone called with what it gave if no other write of the key was under way meanwhile
   */
  async write<R>(key: string, write: () => Promise<R>, alone?: (result: R) => void): Promise<R> {
    const writing = this.#writing.get(key) ?? { count: 0, begun: 0 };
    this.#writing.set(key, writing);
    const begun = ++writing.begun;
    const first = ++writing.count === 1;
    const end = async (): Promise<void> => {
      await this.forget(key);
      if (--writing.count === 0) this.#writing.delete(key);
    };
    try {
      // Before as well: should this process end in the middle, nothing of the old state may stay in the cache.
      await this.forget(key);
      const result = await write();
      await end();
      if (first && writing.begun === begun) alone?.(result);
      return result;
    } catch (error) {
      await end();
      throw error;
    }
  }

  /** Takes a state for the present one: one that a write has given that was alone. */
  learn(info: ObjectInfo, checkedAt: number): void {
    this.#blocks.keep(info);
    this.#known.delete(info.key);
    this.#known.set(info.key, { info, checkedAt });
    const oldest = this.#known.keys().next().value;
    if (this.#known.size > INFOS_MAX && oldest !== undefined) this.#known.delete(oldest);
  }

  #isFresh({ checkedAt }: Known): boolean {
    return Date.now() - checkedAt < this.#maxAgeMs;
  }

  #look(key: string, look: Looker<T>): SharedCall<Look<T>> {
    const checkedAt = Date.now();
    // A write that begins or ends meanwhile takes this call out.
    const isCurrent = (): boolean => this.#looking.get(key) === call;
    const begin = async (signal: AbortSignal): Promise<Look<T>> => {
      try {
        const seen = await this.#ask(key, look, signal);
        if (isCurrent()) this.learn(seen.info, checkedAt);
        return seen;
      } catch (error) {
        if (isCurrent() && isStoreError(error, 'NotFound')) await this.forget(key);
        throw error;
      } finally {
        if (isCurrent()) this.#looking.delete(key);
      }
    };
    const call = new SharedCall(begin, ({ extra }) => {
      if (extra !== undefined) this.#discard(extra);
    });
    this.#looking.set(key, call);
    return call;
  }

  async #ask(key: string, look: Looker<T>, signal: AbortSignal): Promise<Look<T>> {
    const known = this.#known.get(key)?.info ?? (await this.#blocks.infoOf(key));
    if (known === undefined) return look(undefined, signal);
    const same = { info: known, extra: undefined };
    if (this.#maxAgeMs === Number.POSITIVE_INFINITY) return same;
    try {
      return await look(known.etag, signal);
    } catch (error) {
      if (isStoreError(error, 'NotModified')) return same;
      throw error;
    }
  }
}
