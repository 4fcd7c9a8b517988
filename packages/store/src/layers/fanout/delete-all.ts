/** Deletes of all members, each at its own pace; a key's result is there when all members have theirs. */

import { isStoreError } from '../../errors.ts';
import type { StoreError } from '../../errors.ts';
import type { CallOptions, DeleteResult, ObjectStore } from '../../object-store.ts';
import { toStoreError } from './members.ts';
import { Tee } from './tee.ts';

/** A store may wait for so many keys before it sends them. */
const WINDOW = 2000;

export interface DeletedByAll {
  readonly key: string;
  /** by member */
  readonly results: readonly PromiseSettledResult<unknown>[];
}

type Settled = PromiseSettledResult<unknown>;

/**
 * @throws what the source of keys, or the primary as a whole, throws; another member that does fails each key
 */
export async function* deleteAll(
  members: readonly ObjectStore[],
  keys: AsyncIterable<string>,
  options: CallOptions,
): AsyncGenerator<DeletedByAll> {
  const tee = new Tee(keys, { readers: members.length, window: WINDOW });
  const merge = new Merge(members.length);
  const iterators = members.map((store, member) =>
    store.delete(tee.reader(member), options)[Symbol.asyncIterator](),
  );
  const next = new Map<number, Promise<Step>>();
  const ask = (member: number): void => {
    const iterator = iterators[member];
    if (iterator !== undefined) next.set(member, step(member, iterator));
  };
  try {
    for (const member of members.keys()) ask(member);
    while (next.size > 0) {
      const { member, result, error } = await Promise.race(next.values());
      next.delete(member);
      if (result === undefined) {
        tee.leave(member);
        if (tee.failure !== undefined) throw tee.failure.error;
        if (error !== undefined) {
          if (member === 0 || isStoreError(error.thrown, 'Aborted')) throw error.thrown;
          merge.end(member, toStoreError(error.thrown));
        }
      } else {
        merge.add(member, result);
        ask(member);
      }
      yield* merge.complete();
    }
  } finally {
    for (const member of members.keys()) tee.leave(member);
    // Those that stand in a call end it by themselves, since no more keys come.
    await Promise.allSettled(next.values());
    await Promise.allSettled(iterators.map(async (iterator) => iterator.return?.()));
  }
}

interface Step {
  readonly member: number;
  /** nothing at its end */
  readonly result?: DeleteResult;
  readonly error?: { readonly thrown: unknown };
}

async function step(member: number, iterator: AsyncIterator<DeleteResult>): Promise<Step> {
  try {
    const next = await iterator.next();
    return next.done === true ? { member } : { member, result: next.value };
  } catch (error) {
    return { member, error: { thrown: error } };
  }
}

/** Collects the members' results. A key that is deleted twice has two. */
class Merge {
  readonly #members: number;
  readonly #entries = new Map<string, (Settled | undefined)[][]>();
  readonly #failed = new Map<number, StoreError>();

  constructor(members: number) {
    this.#members = members;
  }

  add(member: number, { key, error }: DeleteResult): void {
    const entries = this.#entries.get(key) ?? [];
    this.#entries.set(key, entries);
    let entry = entries.find((one) => one[member] === undefined);
    if (entry === undefined) {
      entry = Array.from({ length: this.#members }, (_, other) => rejected(this.#failed.get(other)));
      entries.push(entry);
    }
    entry[member] = rejected(error) ?? { status: 'fulfilled', value: undefined };
  }

  /** A member has failed as a whole: with it each key that it has no result for. */
  end(member: number, error: StoreError): void {
    this.#failed.set(member, error);
    for (const entries of this.#entries.values()) {
      for (const entry of entries) entry[member] ??= rejected(error);
    }
  }

  *complete(): Generator<DeletedByAll> {
    for (const [key, entries] of this.#entries) {
      const whole = entries.filter((entry): entry is Settled[] => entry.every((one) => one !== undefined));
      if (whole.length === 0) continue;
      const rest = entries.filter((entry) => entry.includes(undefined));
      if (rest.length === 0) this.#entries.delete(key);
      else this.#entries.set(key, rest);
      for (const results of whole) yield { key, results };
    }
  }
}

function rejected(error: StoreError | undefined): Settled | undefined {
  return error === undefined ? undefined : { status: 'rejected', reason: error };
}
