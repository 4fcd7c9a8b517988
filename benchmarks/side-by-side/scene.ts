/**
 * @module Taking turns: every contender does a row before anyone does the next, round after round.
 *
 * The first one changes from round to round. Before each turn the system writes what the one before left to it, so that
 * who does not sync has that for nothing, but not at the expense of others.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Bench } from '../bench.ts';
import type { Group, Row } from '../rows/row.ts';
import type { Contender } from './contender.ts';
import { costOf } from './medians.ts';
import { formatRate } from './table.ts';

/** Adds one or more rows to the bench; failures are noted there. */
export type Act = (bench: Bench) => Promise<void>;

export interface Scene {
  /** of its rows; who does none of them does not take part */
  groups: readonly Group[];
  /** fewer rounds than asked for, where one takes long; default: no limit */
  roundsMax?: number;
  /** not measured; a contender for whom it rejects is left out of the scene */
  prepare?(bench: Bench): Promise<void>;
  /** called once a round */
  acts(): readonly Act[];
  /** not measured; for servers that go on */
  clear?(bench: Bench): Promise<void>;
}

export async function play(scene: Scene, contenders: readonly Contender[], rounds: number): Promise<void> {
  const ready: Contender[] = [];
  for (const contender of contenders) {
    const { only } = contender.bench.options;
    if (!scene.groups.some((group) => only.has(group))) continue;
    if (await isReady(scene, contender.bench)) ready.push(contender);
  }
  for (let round = 0; round < Math.min(rounds, scene.roundsMax ?? rounds); round++) {
    const order = rotated(ready, round);
    for (const act of scene.acts()) {
      for (const { bench } of order) {
        await writeBack();
        const before = bench.rows.length;
        await act(bench);
        for (const row of bench.rows.slice(before)) bench.progress(`  ${row.id}: ${describe(row)}`);
      }
    }
  }
  // What was started here is thrown away as a whole.
  for (const { bench, starts } of ready) if (starts.length === 0) await scene.clear?.(bench);
}

export function rotated<T>(items: readonly T[], by: number): T[] {
  const start = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

async function isReady(scene: Scene, bench: Bench): Promise<boolean> {
  try {
    await scene.prepare?.(bench);
    return true;
  } catch (error) {
    bench.skipped.push({ id: 'what a row needs', reason: (error as Error).message });
    bench.progress(`is left out: ${(error as Error).message}`);
    return false;
  }
}

function describe(row: Row): string {
  const cost = costOf(row);
  const used = cost === undefined ? '' : `, processor ${cost.toFixed(3)}`;
  return `${formatRate(row)}${used}${row.errors > 0 ? `, ${row.errors} ERRORS` : ''}`;
}

async function writeBack(): Promise<void> {
  await promisify(execFile)('sync');
}
