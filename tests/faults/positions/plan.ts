/**
 * @module Which positions there are: each path is walked once without a fault, and every call that it made is one for
 * each fault that can happen to it. The order is the seed's, those first at which something else begins or ends than
 * another write to the same file: in a run of those one is much like the next.
 */

import { seededChoice } from '../seeded.ts';
import type { Call } from '../shim/shim.ts';
import type { Attempts, AttemptOutcome } from './attempts.ts';
import { FAULTS } from './faults.ts';
import type { Fault } from './faults.ts';
import { WRITE_PATHS } from './paths.ts';

/** Something that makes calls, and can meet a fault at any of them. */
export interface Walk {
  readonly name: string;
  /** Makes no fault happen. */
  readonly calls: (attempts: Attempts) => Promise<readonly Call[]>;
  readonly attempt: (attempts: Attempts, fault: Fault, at: number) => Promise<AttemptOutcome>;
}

export interface Position {
  readonly walk: Walk;
  readonly fault: Fault;
  readonly at: number;
}

/** Too late for any call: nothing happens. */
const NOWHERE = Number.MAX_SAFE_INTEGER;
const [ANY] = FAULTS as [Fault];

function walk(name: string, attempt: Walk['attempt']): Walk {
  return {
    name,
    attempt,
    calls: async (attempts) => {
      await attempt(attempts, ANY, NOWHERE);
      return attempts.calls;
    },
  };
}

export const WALKS: readonly Walk[] = [
  ...WRITE_PATHS.map((path) => walk(path.name, (attempts, fault, at) => attempts.attempt(path, fault, at))),
  walk('first start', (attempts, fault, at) => attempts.attemptStart(true, fault, at)),
  walk('start', (attempts, fault, at) => attempts.attemptStart(false, fault, at)),
  walk('orderly end', (attempts, fault, at) => attempts.attemptStop(fault, at)),
];

/** All of them, in the order of the seed. */
export async function planPositions(
  attempts: Attempts,
  seed: string,
  walks: readonly Walk[] = WALKS,
  faults: readonly Fault[] = FAULTS,
): Promise<Position[]> {
  const edges: Position[] = [];
  const others: Position[] = [];
  for (const one of walks) {
    const calls = await one.calls(attempts);
    for (const fault of faults) {
      const possible = calls.filter(({ kind, ordinal }) => ordinal > 0 && fault.kinds.includes(kind));
      for (const [index, call] of possible.entries()) {
        const list = isEdge(possible, index, call) ? edges : others;
        list.push({ walk: one, fault, at: index + 1 });
      }
    }
  }
  const pick = seededChoice(`${seed} positions`);
  return [...shuffled(edges, pick), ...shuffled(others, pick)];
}

function isEdge(calls: readonly Call[], index: number, { kind, path }: Call): boolean {
  return [calls[index - 1], calls[index + 1]].some((near) => near?.kind !== kind || near.path !== path);
}

export function shuffled<T>(list: readonly T[], pick: (below: number) => number): T[] {
  return list
    .map((item) => ({ item, rank: pick(2 ** 31) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
