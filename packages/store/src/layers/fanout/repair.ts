/** Finds what differs between the stores of a fan-out, by their listings, and makes it equal to the primary. */

import { StoreError } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type { ListedObject, ObjectStore } from '../../object-store.ts';
import { toStore } from '../../store.ts';
import { sameBytes } from '../../uploads/same-bytes.ts';
import { FanoutStore } from './fanout-store.ts';
import { toStoreError } from './members.ts';

export interface RepairOptions {
  readonly prefix?: string | undefined;
  /**
   * `size` (when left out): objects of equal keys and sizes are taken for equal, unless a write that went wrong is remembered.
   * `bytes`: both are read.
   */
  readonly compare?: 'size' | 'bytes' | undefined;
  /** says what differs, and changes nothing */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A difference that was found, and repaired unless it has an error or nothing was to be changed. */
export interface Repaired {
  readonly key: string;
  /** which of the stores, counted from 0, the primary */
  readonly member: number;
  readonly difference: 'missing' | 'other' | 'extra';
  readonly error?: StoreError | undefined;
}

/**
 * Makes the stores of a fan-out equal to its first: what they miss or have otherwise is copied, what they have beyond it is
 * deleted. Goes through all listings at once, in constant memory; can be run while the fan-out is used.
 *
 * @param store what `fanout` has given
 * @throws {StoreError} when a store cannot be listed
 */
export async function* repair(store: ObjectStore, options: RepairOptions = {}): AsyncGenerator<Repaired> {
  const fan = toStore(store).inner;
  if (!(fan instanceof FanoutStore)) {
    throw new StoreError('InvalidArgument', `repair takes a store of \`fanout\`, not ${fan.toString()}`);
  }
  const { prefix = '', compare = 'size', dryRun = false, signal } = options;
  const all = prefix === '' && !dryRun;
  const failed = new Set<number>();
  if (all) fan.divergences.beginRepair();
  for await (const { key, entries } of merge(fan.members, prefix, signal)) {
    for (let member = 1; member < entries.length; member++) {
      const difference = compareEntries(entries[0], entries[member]);
      const other = difference ?? (await isOther(fan, key, member, compare, signal));
      if (other === undefined) continue;
      const errors = dryRun ? [] : await fan.repairKey(key, (one) => one === member, signal);
      if (errors.length > 0) failed.add(member);
      yield { key, member, difference: other, error: errors[0] };
    }
  }
  for (const member of fan.members.keys()) {
    if (all && !failed.has(member)) fan.divergences.endRepair(member);
  }
}

function compareEntries(
  primary: ListedObject | undefined,
  member: ListedObject | undefined,
): Repaired['difference'] | undefined {
  if (primary === undefined) return member === undefined ? undefined : 'extra';
  if (member === undefined) return 'missing';
  return primary.size === member.size ? undefined : 'other';
}

/** Whether objects of equal size differ all the same. */
async function isOther(
  fan: FanoutStore,
  key: string,
  member: number,
  compare: 'size' | 'bytes',
  signal: AbortSignal | undefined,
): Promise<'other' | undefined> {
  if (fan.divergences.has(key, member)) return 'other';
  const store = fan.members[member];
  if (compare === 'size' || store === undefined || fan.members[0] === undefined) return undefined;
  const reads = await Promise.allSettled([fan.members[0].get(key, { signal }), store.get(key, { signal })]);
  const [primary, other] = reads.map((read) => (read.status === 'fulfilled' ? read.value : undefined));
  try {
    // One that cannot be read is repaired, or the repair says why not.
    const same = primary && other && (await sameBytes(primary.body, other.body).catch(() => false));
    return same === true ? undefined : 'other';
  } finally {
    await primary?.close();
    await other?.close();
  }
}

interface Merged {
  readonly key: string;
  /** by member */
  readonly entries: readonly (ListedObject | undefined)[];
}

/** All listings in one, in the order of keys. */
async function* merge(
  members: readonly ObjectStore[],
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<Merged> {
  const iterators = members.map((store) => objects(store, prefix, signal));
  try {
    const heads = await Promise.all(iterators.map(async (iterator) => (await iterator.next()).value));
    for (;;) {
      let key: string | undefined;
      for (const head of heads) {
        if (head !== undefined && (key === undefined || compareKeys(head.key, key) < 0)) key = head.key;
      }
      if (key === undefined) return;
      const least = key;
      yield { key, entries: heads.map((head) => (head?.key === least ? head : undefined)) };
      await Promise.all(
        iterators.map(async (iterator, member) => {
          if (heads[member]?.key === least) heads[member] = (await iterator.next()).value;
        }),
      );
    }
  } catch (error) {
    throw toStoreError(error);
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return(undefined)));
  }
}

async function* objects(
  store: ObjectStore,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<ListedObject, undefined> {
  for await (const entry of store.list({ prefix, signal })) if (entry.type === 'object') yield entry;
  return undefined;
}
