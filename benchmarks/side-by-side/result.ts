/**
 * @module What a run side by side gave: for each contender its rows as medians, and every single one.
 */

import type { MachineFacts } from '../machine.ts';
import type { Row, SkippedRow } from '../rows/row.ts';
import type { Contender } from './contender.ts';
import { median, medianRows, type Reached } from './medians.ts';

export interface ContenderResult {
  name: string;
  durability: string;
  syncs: boolean;
  /** median; undefined where it was running before */
  startMilliseconds?: number;
  /** over all rows and processes; undefined where the process is not known */
  peakRssBytes?: number;
  medians: readonly Row[];
  /** of each round */
  rows: readonly Row[];
  skipped: readonly SkippedRow[];
}

export interface SideBySideResult {
  sideBySideVersion: 1;
  /** ISO 8601 */
  date: string;
  rounds: number;
  machine: MachineFacts;
  /** ours is the first */
  contenders: readonly ContenderResult[];
}

export function resultOf({ bench, durability, syncs, starts }: Contender): ContenderResult {
  const peaks = bench.rows.flatMap((row) => row.serverPeakRssBytes ?? []);
  return {
    name: bench.target.name,
    durability,
    syncs,
    ...(starts.length > 0 && { startMilliseconds: median(starts) }),
    ...(peaks.length > 0 && { peakRssBytes: Math.max(...peaks) }),
    medians: medianRows(bench.rows),
    rows: bench.rows,
    skipped: bench.skipped,
  };
}

/** Ids of all rows, in the order in which they were measured. */
export function rowIds(result: SideBySideResult): string[] {
  return [...new Set(result.contenders.flatMap(({ medians }) => medians.map(({ id }) => id)))];
}

/** What our contender and each peer reached on a row; those without it are left out. */
export function reachedOn(
  result: SideBySideResult,
  id: string,
): { own: Reached | undefined; peers: Reached[] } {
  const [own, ...peers] = result.contenders.map(({ name, syncs, medians }) => {
    const row = medians.find((candidate) => candidate.id === id);
    return row && { name, syncs, row };
  });
  return { own, peers: peers.filter((peer) => peer !== undefined) };
}
