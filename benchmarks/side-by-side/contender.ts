/**
 * @module A server that takes part: ours or a peer's, its rows so far, and how it is ended.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, OBJECT_BUCKET } from '../bench.ts';
import type { BodyPool } from '../bodies.ts';
import type { Options } from '../options.ts';
import { removeBucket } from '../rows/fill.ts';
import { startOwnServer } from '../server-process.ts';
import type { Target } from '../target.ts';
import type { Peer } from './peer.ts';
import { startPeer } from './peer-process.ts';

export interface Contender {
  bench: Bench;
  durability: string;
  /** whether a write is on the disk before it is answered */
  syncs: boolean;
  /** milliseconds from each start to the first answer; empty where it was running before */
  starts: number[];
  /** ends what was started here, and removes what was put into a server that goes on */
  leave(): Promise<void>;
  /** for when this process must end at once; peers end with it */
  kill(): void;
}

export interface Surroundings {
  options: Options;
  /** where each contender gets a directory */
  scratch: string;
  bodies: BodyPool;
  /** where our own data directory is made */
  parentDirectory: string;
  progress(text: string): void;
}

export const OWN_DURABILITY =
  'data, directories and the catalog are synced before the answer, small objects share the sync of a group';

/** Starts our server as often as each row is measured, on an empty directory each time; the last one stays. */
export async function ownContender(around: Surroundings): Promise<Contender> {
  const { options, parentDirectory } = around;
  const starts: number[] = [];
  for (;;) {
    const server = await startOwnServer({ parentDirectory, extraArguments: options.serverArguments });
    starts.push(server.target.startMilliseconds ?? Number.NaN);
    if (starts.length === options.rounds) {
      return {
        ...contender(around, server.target),
        durability: OWN_DURABILITY,
        syncs: true,
        starts,
        kill: () => server.kill(),
        leave: () => server.stop(),
      };
    }
    await server.stop();
  }
}

/** Starts the peer likewise, if its command is known. Rejects when it does not answer. */
export async function peerContender(around: Surroundings, peer: Peer): Promise<Contender> {
  const { start, durability, syncs, only, ...rest } = peer;
  const base = { ...contender(around, rest), durability, syncs };
  if (only !== undefined)
    base.bench.options = { ...around.options, only: around.options.only.intersection(only) };
  if (start === undefined) {
    return {
      ...base,
      starts: [],
      kill: () => undefined,
      leave: () => removeBucket(base.bench, OBJECT_BUCKET),
    };
  }
  const starts: number[] = [];
  for (;;) {
    const server = await startPeer(start, rest, join(base.bench.scratch, 'log'));
    starts.push(server.startMilliseconds);
    if (starts.length === around.options.rounds) {
      base.bench.target.pid = server.pid;
      return { ...base, starts, kill: () => undefined, leave: () => server.stop() };
    }
    await server.stop();
  }
}

/** Request files are kept apart, because they are signed for one server. */
export function contender(around: Surroundings, target: Target): { bench: Bench } {
  const scratch = join(around.scratch, target.name);
  mkdirSync(scratch, { recursive: true });
  return {
    bench: {
      target: { ...target },
      options: around.options,
      scratch,
      bodies: around.bodies,
      sink: undefined,
      rows: [],
      skipped: [],
      progress: (text) => around.progress(`${target.name}: ${text}`),
    },
  };
}
