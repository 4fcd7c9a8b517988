/**
 * @module Round after round of bad networks against one server. Meanwhile others are served; afterwards nothing is left of
 * those who have gone: no descriptor, no request, no blob that is held, no file, and no memory that grows.
 */

import { spawnSync } from 'node:child_process';

import { Random } from '../fuzz/random.ts';
import type { Slice } from '../proof/proof.ts';
import { fsckOf } from '../support/fsck.ts';
import { Others } from './others.ts';
import { ROUNDS } from './rounds.ts';
import { openWorld } from './world.ts';
import type { World } from './world.ts';

/** Requests of others that have to be served while a round is on. */
const SERVED = 20;
const CONNECTIONS_MAX = 12_000;
/** Between the end of the first time that all was tried and the end. */
const GROWTH_MIB_MAX = 120;

export interface CampaignOptions extends Omit<Slice, 'settings'> {
  readonly small: boolean;
}

/** Why the long form cannot run here. */
export function needsDescriptors(): string | false {
  raiseDescriptors(process.pid);
  const soft = spawnSync('prlimit', [
    '--pid',
    String(process.pid),
    '--nofile',
    '--noheadings',
    '--output',
    'SOFT',
  ]);
  return Number(soft.stdout?.toString() ?? 0) >= CONNECTIONS_MAX
    ? false
    : `needs ${CONNECTIONS_MAX} open files in a process: ulimit -n ${CONNECTIONS_MAX}`;
}

function raiseDescriptors(pid: number | undefined): void {
  spawnSync('prlimit', ['--pid', String(pid), `--nofile=${2 * CONNECTIONS_MAX}:${2 * CONNECTIONS_MAX}`]);
}

export async function runCampaign(options: CampaignOptions): Promise<void> {
  const { seed, over, violation, log } = options;
  await using world = await openWorld();
  if (!options.small) raiseDescriptors(world.server.child.pid);
  const others = new Others(world.server, violation);
  const random = new Random(seed);
  try {
    await others.serve(2 * SERVED);
    log(`others wait ${others.takeMedianMs().toFixed(1)} ms (median) with nobody else there`);
    let settledMib: number | undefined;
    do {
      for (const name of Object.keys(ROUNDS)) {
        if (over() && settledMib !== undefined) break;
        await runRound(name, { world, others, random, options });
      }
      settledMib ??= await world.residentMib();
    } while (!over());
    const endMib = await world.residentMib();
    log(
      `resident: ${settledMib.toFixed(0)} MiB after the first of each, ${endMib.toFixed(0)} MiB at the end`,
    );
    if (endMib - settledMib > GROWTH_MIB_MAX)
      violation(`memory grows: from ${settledMib.toFixed(0)} to ${endMib.toFixed(0)} MiB`);
  } finally {
    await others.stop();
  }
  world.server.child.kill('SIGTERM');
  const code = await world.server.exited;
  if (code !== 0) violation(`the server ended with ${code}: ${world.server.log().slice(-2000)}`);
  if (/request failed|"level":(?:50|60)/.test(world.server.log()))
    violation(`the log: ${world.server.log().slice(0, 3000)}`);
  const checked = await fsckOf(world.dataDir);
  if (checked.code !== 0) violation(`fsck ended with ${checked.code}: ${checked.output.slice(-2000)}`);
}

interface RoundOptions {
  readonly world: World;
  readonly others: Others;
  readonly random: Random;
  readonly options: CampaignOptions;
}

async function runRound(name: string, { world, others, random, options }: RoundOptions): Promise<void> {
  const round = ROUNDS[name];
  if (round === undefined) throw new Error(`there is no round ${name}`);
  others.takeMedianMs();
  const connections = await round({
    world,
    random,
    others: () => others.serve(SERVED),
    violation: (report) => options.violation(`${name}: ${report}`),
    small: options.small,
  });
  const medianMs = others.takeMedianMs();
  const mib = await world.residentMib();
  options.log(
    `${name}: ${connections} connections, others waited ${medianMs.toFixed(1)} ms (median), ${mib.toFixed(0)} MiB`,
  );
  options.count('connections', connections);
  options.count(name, connections);
  await world.settled().catch((error: unknown) => options.violation(`${name}: ${String(error)}`));
}
