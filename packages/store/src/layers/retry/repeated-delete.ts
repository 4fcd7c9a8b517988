/**
 * Deletes whose keys are tried again when they fail for a time, one by one or all that were under way. Memory is bounded:
 * when many wait for another attempt no new keys are taken.
 */

import { isStoreError } from '../../errors.ts';
import type { StoreError } from '../../errors.ts';
import { eachKey } from '../../keys.ts';
import type { CallOptions, DeleteResult, ObjectStore } from '../../object-store.ts';
import { CallerErrors } from '../caller-errors.ts';
import { Attempts } from './attempts.ts';
import type { RetryPolicy } from './policy.ts';
import type { Watchdog } from './watchdog.ts';

/** Keys that wait for another attempt, at most; what a store takes at once comes on top. */
const WAITING_MAX = 1000;

interface Waiting {
  readonly key: string;
  /** why it was not deleted; none yet for one that the caller has just given */
  readonly error?: StoreError;
}

export async function* repeatedDelete(
  store: ObjectStore,
  policy: RetryPolicy,
  keys: Iterable<string> | AsyncIterable<string>,
  options: CallOptions,
): AsyncGenerator<DeleteResult> {
  const callers = new CallerErrors();
  const source = callers.watch(eachKey(keys))[Symbol.asyncIterator]();
  const round = new Round(store, policy, source, callers, options);
  try {
    do yield* round.run();
    while (round.hasMore);
  } finally {
    await source.return?.();
  }
}

class Round {
  readonly #store: ObjectStore;
  readonly #policy: RetryPolicy;
  readonly #source: AsyncIterator<string>;
  readonly #callers: CallerErrors;
  readonly #options: CallOptions;
  readonly #attempts: Attempts;
  /** given to the store and not answered: how often */
  readonly #underWay = new Map<string, number>();
  #waiting: Waiting[] = [];
  #ended = false;
  #pulling: Promise<void> | undefined;

  constructor(
    store: ObjectStore,
    policy: RetryPolicy,
    source: AsyncIterator<string>,
    callers: CallerErrors,
    options: CallOptions,
  ) {
    this.#store = store;
    this.#policy = policy;
    this.#source = source;
    this.#callers = callers;
    this.#options = options;
    this.#attempts = new Attempts(policy, 'delete', undefined, options.signal);
  }

  get hasMore(): boolean {
    return !this.#ended || this.#waiting.length > 0;
  }

  /** One `delete` of the store: of what waits, and of what the caller gives until much waits again. */
  async *run(): AsyncGenerator<DeleteResult> {
    const repeated = this.#waiting;
    this.#waiting = [];
    const watchdog = this.#attempts.watch();
    const feed = { open: true };
    const results = this.#store.delete(this.#keys(repeated, watchdog, feed), {
      ...this.#options,
      signal: watchdog.signal,
    });
    const each = results[Symbol.asyncIterator]();
    let failure: unknown;
    let rejected = false;
    let answered = false;
    let ended = false;
    try {
      for (;;) {
        watchdog.arm(this.#policy.stallTimeoutMs);
        const next = await watchdog.race(each.next());
        watchdog.disarm();
        if (next.done === true) {
          ended = true;
          break;
        }
        const { key, error } = next.value;
        this.#answered(key);
        if (error?.retry === 'temporary') {
          this.#waiting.push({ key, error });
          failure ??= error;
        } else {
          answered = true;
          yield next.value;
        }
      }
      answered ||= this.#waiting.length === 0;
    } catch (error) {
      ended = true;
      if (this.#callers.has(error) || !isStoreError(error) || error.retry !== 'temporary') throw error;
      feed.open = false;
      // A key on its way from the caller must not be lost.
      await this.#pulling;
      for (const [key, times] of this.#underWay) {
        for (let i = 0; i < times; i++) this.#waiting.push({ key });
      }
      failure = error;
      rejected = true;
      // Keys that were to be repeated and were not even taken.
      for (const one of repeated) this.#waiting.push(one);
    } finally {
      watchdog.stop();
      feed.open = false;
      this.#underWay.clear();
      if (!ended) await each.return?.();
    }
    if (answered) this.#attempts.progress();
    if (failure !== undefined) yield* this.#wait(failure, rejected);
  }

  /** Waits before the next round. When there is to be none, keys that have an error of their own are answered with it. */
  async *#wait(failure: unknown, rejected: boolean): AsyncGenerator<DeleteResult> {
    try {
      await this.#attempts.again(failure);
    } catch (error) {
      if (error !== failure || rejected) throw error;
      const givenUp = this.#waiting;
      this.#waiting = [];
      this.#attempts.progress();
      for (const { key, error: why } of givenUp) yield { key, error: why };
    }
  }

  async *#keys(
    repeated: Waiting[],
    watchdog: Watchdog,
    feed: { readonly open: boolean },
  ): AsyncGenerator<string> {
    for (let one = repeated.shift(); one !== undefined; one = repeated.shift()) yield this.#give(one.key);
    while (feed.open && !this.#ended && this.#waiting.length < WAITING_MAX) {
      // The caller may take its time.
      watchdog.disarm();
      const key = await this.#pull();
      watchdog.arm(this.#policy.stallTimeoutMs);
      if (key !== undefined) yield key;
    }
  }

  async #pull(): Promise<string | undefined> {
    const pulled = this.#source.next().then((next) => {
      if (next.done !== true) return this.#give(next.value);
      this.#ended = true;
      return undefined;
    });
    this.#pulling = pulled.then(
      () => undefined,
      () => undefined,
    );
    return pulled;
  }

  #give(key: string): string {
    this.#underWay.set(key, (this.#underWay.get(key) ?? 0) + 1);
    return key;
  }

  #answered(key: string): void {
    const times = this.#underWay.get(key) ?? 0;
    if (times > 1) this.#underWay.set(key, times - 1);
    else this.#underWay.delete(key);
  }
}
