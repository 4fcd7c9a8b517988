/**
 * @module `npm run bench -- --peer …`: ours and peers on one machine, in one run, taking turns.
 */

import { tmpdir } from 'node:os';
import { BodyPool } from '../bodies.ts';
import { machineFacts } from '../machine.ts';
import type { Options } from '../options.ts';
import { judgeSideBySide } from './aims.ts';
import { type Contender, ownContender, peerContender, type Surroundings } from './contender.ts';
import { resultOf, type SideBySideResult } from './result.ts';
import { play } from './scene.ts';
import { scenesOf } from './scenes.ts';
import { formatHead, formatSideBySide, formatVerdicts } from './table.ts';

/** Whom to end when this process is told to end. */
export type Running = { kill(): void }[];

/** Prints heads and tables as they come; resolves with all figures when every contender has ended. */
export async function runSideBySide(
  options: Options,
  scratch: string,
  running: Running,
): Promise<SideBySideResult> {
  const date = new Date().toISOString();
  const around = surroundingsOf(options, scratch);
  const contenders: Contender[] = [];
  const join = (contender: Contender) => running.push(contender) && contenders.push(contender);
  const machine = machineFacts(around.parentDirectory);
  try {
    join(await ownContender(around));
    for (const peer of options.peers) join(await peerContender(around, peer));
    process.stdout.write(`${formatHead(machine, contenders.map(resultOf))}\n\n`);
    for (const scene of scenesOf(options)) await play(scene, contenders, options.rounds);
  } finally {
    for (const contender of contenders) await contender.leave();
  }
  const result: SideBySideResult = {
    sideBySideVersion: 1,
    date,
    rounds: options.rounds,
    machine,
    contenders: contenders.map(resultOf),
  };
  process.stdout.write(`${formatSideBySide(result)}\n\n${formatVerdicts(judgeSideBySide(result))}\n\n`);
  return result;
}

export function surroundingsOf(options: Options, scratch: string): Surroundings {
  const start = performance.now();
  return {
    options,
    scratch,
    bodies: new BodyPool(scratch),
    parentDirectory: options.directory ?? tmpdir(),
    progress: (text) => {
      const seconds = ((performance.now() - start) / 1000).toFixed(0).padStart(4);
      process.stderr.write(`${seconds} s  ${text}\n`);
    },
  };
}
