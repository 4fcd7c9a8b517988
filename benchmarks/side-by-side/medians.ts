/**
 * @module Rows of several rounds as one row of medians, and medians of contenders as ratios.
 */

import type { Row } from '../rows/row.ts';

/** The nearest of the middle two for an even number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One row an id, in the order of their first appearance: medians, but sums of errors and the highest peak. */
export function medianRows(rows: readonly Row[]): Row[] {
  return [...Map.groupBy(rows, (row) => row.id).values()].map(medianRow);
}

function medianRow(rows: readonly Row[]): Row {
  const [first] = rows;
  if (first === undefined) throw new RangeError('no rows');
  const merged: Row = { ...first };
  const middle = (pick: (row: Row) => number | undefined) => median(rows.flatMap((row) => pick(row) ?? []));
  merged.requests = rows.reduce((sum, row) => sum + row.requests, 0);
  merged.errors = rows.reduce((sum, row) => sum + row.errors, 0);
  for (const name of ['seconds', 'requestsPerSecond', 'p50_ms', 'p99_ms', 'clientCores'] as const) {
    merged[name] = middle((row) => row[name]);
  }
  for (const name of OPTIONAL) if (first[name] !== undefined) merged[name] = middle((row) => row[name]);
  const peaks = rows.flatMap((row) => row.serverPeakRssBytes ?? []);
  if (peaks.length > 0) merged.serverPeakRssBytes = Math.max(...peaks);
  return merged;
}

const OPTIONAL = [
  'bytesPerSecond',
  'keysPerSecond',
  'serverCpuSecondsPerThousandRequests',
  'serverCpuSecondsPerGb',
] as const;

/** What one contender reached on one row. */
export interface Reached {
  name: string;
  syncs: boolean;
  row: Row;
}

/** The figure that a row is about, more is better: keys, bytes of large objects, or requests a second. */
export function rateOf(row: Row): number {
  if (row.keysPerSecond !== undefined) return row.keysPerSecond;
  return isLarge(row) ? (row.bytesPerSecond ?? 0) : row.requestsPerSecond;
}

/** Processor seconds of the server: for 10^9 bytes of large objects, or for 1,000 requests. */
export function costOf(row: Row): number | undefined {
  return isLarge(row) ? row.serverCpuSecondsPerGb : row.serverCpuSecondsPerThousandRequests;
}

export function isLarge(row: Row): boolean {
  return (row.objectBytes ?? 0) > 2 ** 20;
}

/** The one with the highest rate among those without errors; undefined when there is none. */
export function bestOf(reached: readonly Reached[]): Reached | undefined {
  return reached
    .filter(({ row }) => row.errors === 0)
    .toSorted((a, b) => rateOf(b.row) - rateOf(a.row))
    .at(0);
}
