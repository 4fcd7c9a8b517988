/**
 * @module `npm run bench -- --growth …`: servers of ours whose buckets have more and more objects, taking turns. What must
 * not depend on the size of the bucket is flat.
 */

import { machineFacts } from '../machine.ts';
import type { Options } from '../options.ts';
import { costOf, type Reached } from '../side-by-side/medians.ts';
import { reachedOn, resultOf, rowIds, type SideBySideResult } from '../side-by-side/result.ts';
import { type Running, surroundingsOf } from '../side-by-side/run.ts';
import { play } from '../side-by-side/scene.ts';
import { formatHead, formatSideBySide, markdown } from '../side-by-side/table.ts';
import { formatCount } from '../units.ts';
import { type GrownServer, grownServer } from './grown-server.ts';
import { growthScenes } from './scenes.ts';

/** Of two figures of the same thing on a machine at rest, this much may be chance. */
const FLAT_MAX = 1.5;

export async function runGrowth(
  options: Options,
  scratch: string,
  running: Running,
): Promise<SideBySideResult> {
  const date = new Date().toISOString();
  const around = surroundingsOf(options, scratch);
  const machine = machineFacts(around.parentDirectory);
  const servers: GrownServer[] = [];
  try {
    for (const count of options.growth) {
      const server = await grownServer(around, count);
      running.push(server);
      servers.push(server);
    }
    process.stdout.write(`${formatHead(machine, [])}\n\n`);
    const layouts = new Map(servers.map(({ bench, layout }) => [bench, layout]));
    const scenes = growthScenes(options, (bench) => {
      const layout = layouts.get(bench);
      if (layout === undefined) throw new Error('not a server of this run');
      return layout;
    });
    for (const scene of scenes) await play(scene, servers, options.rounds);
  } finally {
    for (const server of servers) await server.leave();
  }
  const contenders = servers.map(resultOf);
  const result: SideBySideResult = {
    sideBySideVersion: 1,
    date,
    rounds: options.rounds,
    machine,
    contenders,
  };
  process.stdout.write(`${formatSideBySide(result)}\n\n${formatDisk(servers)}\n\n${formatFlat(result)}\n\n`);
  return result;
}

function formatDisk(servers: readonly GrownServer[]): string {
  return markdown([
    ['disk', ...servers.map(({ layout }) => formatCount(layout.count))],
    ['MB', ...servers.map((server) => formatCount(server.diskBytes / 1e6))],
    ['bytes an object', ...servers.map((server) => formatCount(server.diskBytes / server.layout.count))],
  ]);
}

/** Each row in the bucket where it costs most, beside the smallest one: by processor time, and by the median answer. */
export function formatFlat(result: SideBySideResult): string {
  const lines = rowIds(result).flatMap((id) => {
    const { own, peers } = reachedOn(result, id);
    const least = (own && costOf(own.row)) ?? Number.NaN;
    const factor = (peer: Reached) => (costOf(peer.row) ?? Number.NaN) / least;
    const worst = peers.toSorted((a, b) => factor(b) - factor(a))[0];
    if (own === undefined || worst === undefined) return [];
    const p50 = worst.row.p50_ms / own.row.p50_ms;
    const flat = Math.max(p50, factor(worst)) <= FLAT_MAX;
    return [[id, worst.name, times(factor(worst)), times(p50), flat ? 'flat' : 'GROWS']];
  });
  return markdown([['growth', 'costs most at', 'processor', 'median answer', ''], ...lines]);
}

function times(factor: number): string {
  return `${factor.toFixed(2)}x`;
}
