/** What was measured, as one table: a row and a tool a line, each beside ours. */

import { median } from '../store/report.ts';
import { alignColumns } from '../table.ts';
import type { Usage } from './run-tool.ts';

export interface Result {
  readonly row: string;
  readonly tool: string;
  readonly rounds: readonly Usage[];
  /** why there is none */
  readonly failure?: string;
}

export const OURS = 'cistern';

const MEASURES = ['seconds', 'cpuSeconds', 'peakBytes'] as const;

export function formatResults(results: readonly Result[]): string {
  const head = ['row', 'tool', 'wall s', 'CPU s', 'peak MB', 'its wall / ours', 'CPU', 'memory', ''];
  return alignColumns([head, ...results.map((result) => formatResult(result, results))]);
}

function formatResult({ row, tool, rounds, failure }: Result, results: readonly Result[]): string[] {
  if (rounds.length === 0)
    return [row, tool, '', '', '', '', '', '', (failure ?? 'not measured').slice(0, 100)];
  const ours = results.find((other) => other.row === row && other.tool === OURS)?.rounds ?? [];
  const [seconds = 0, cpu = 0, peak = 0] = MEASURES.map((name) => middle(rounds, name));
  const ratios = MEASURES.map((name) => middle(rounds, name) / middle(ours, name));
  const shown = tool === OURS ? ['', '', ''] : ratios.map((ratio) => ratio.toFixed(2));
  return [row, tool, seconds.toFixed(2), cpu.toFixed(2), (peak / 1e6).toFixed(0), ...shown, ''];
}

function middle(rounds: readonly Usage[], name: (typeof MEASURES)[number]): number {
  return median(rounds.map((usage) => usage[name]));
}
