/** What was measured, as one table: a row and a client a line, each beside ours. */

import { alignColumns } from '../table.ts';
import { formatCount } from '../units.ts';
import type { Measured } from './client-process.ts';

export interface Result {
  readonly row: string;
  readonly client: string;
  readonly rounds: readonly Measured[];
  /** why there is none */
  readonly failure?: string;
}

const OURS = '@cistern/store';

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

export const rateOf = ({ operations, seconds }: Measured): number => operations / seconds;

/** Lines of results in the order in which they were made. */
export function formatResults(results: readonly Result[]): string {
  const head = ['row', 'client', 'a second', 'MB/s', 'CPU s/GB', 'CPU s/1k', 'peak MB', 'ours to it', ''];
  const lines = results.map((result) => formatResult(result, oursOf(result, results)));
  return alignColumns([head, ...lines]);
}

/** Ours on the same row and the same service. */
function oursOf({ row, client }: Result, results: readonly Result[]): Result | undefined {
  const azure = /azure/i.test(client);
  return results.find(
    (other) => other.row === row && other.client.startsWith(OURS) && /azure/i.test(other.client) === azure,
  );
}

function formatResult({ row, client, rounds, failure }: Result, ours: Result | undefined): string[] {
  if (rounds.length === 0) return [row, client, '', '', '', '', '', '', failure ?? 'not measured'];
  const of = (value: (measured: Measured) => number): number => median(rounds.map(value));
  const bytes = of((one) => one.bytes);
  const ratio = ours === undefined ? Number.NaN : median(ours.rounds.map(rateOf)) / of(rateOf);
  return [
    row,
    client,
    formatCount(of(rateOf)),
    bytes === 0 ? '' : of((one) => one.bytes / one.seconds / 1e6).toFixed(bytes > 1e8 ? 0 : 1),
    bytes === 0 ? '' : of((one) => one.cpuSeconds / (one.bytes / 1e9)).toFixed(2),
    of((one) => (one.cpuSeconds / one.operations) * 1000).toFixed(2),
    (Math.max(...rounds.map((one) => one.peakRssBytes)) / 1e6).toFixed(0),
    client.startsWith(OURS) || Number.isNaN(ratio) ? '' : ratio.toFixed(2),
    '',
  ];
}
