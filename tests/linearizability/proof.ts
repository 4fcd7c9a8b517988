/**
 * @module Linearizability: histories of many clients on few keys, with kills and restarts between, each decided by a checker of our
 * own. What is asked follows from the seed; how it comes together does not, so that a seed makes a violation likely, not certain:
 * the report has all that is needed.
 *
 * Settings: `clients`, `operations` (of a history), `rounds`, `kills`.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

import { dataIn } from '../proof/data-in.ts';
import type { Proof } from '../proof/proof.ts';
import { WrongAnswer } from './asker.ts';
import { startFleet } from './fleet.ts';
import { Recorder } from './recorder.ts';
import { explain, NotDecided } from './verdict.ts';

/** Of one data directory: so that it does not fill the disk. */
const HISTORIES_IN_DIRECTORY = 50;

export const proof: Proof = {
  aims: { histories: 1000, operations: 2_000_000 },
  run: async (slice) => {
    const setting = (name: string, otherwise: number): number =>
      Number(slice.settings.get(name) ?? otherwise);
    const shape = {
      clients: setting('clients', 16),
      operations: setting('operations', 2000),
      rounds: setting('rounds', 40),
      kills: setting('kills', 1),
    };
    let slowest = 0;
    for (let history = 0; !slice.over();) {
      const dataDir = await mkdtemp(join(dataIn(slice), 'cistern-lines-'));
      const fleet = await startFleet(dataDir);
      try {
        for (let i = 0; i < HISTORIES_IN_DIRECTORY && !slice.over(); i++, history++) {
          try {
            const recorded = await new Recorder(fleet, shape, `${slice.seed} ${history}`, {
              versioned: history % 3 === 2,
            }).run();
            const began = performance.now();
            const report = explain(recorded);
            slowest = Math.max(slowest, performance.now() - began);
            if (report !== undefined) slice.violation(`history ${history}: ${report}`);
            slice.count('operations', recorded.operations.length);
          } catch (error) {
            if (error instanceof NotDecided) {
              slice.count('histories not decided');
              slice.log(`history ${history} was too hard to decide: ${error.message.slice(0, 200)}`);
              continue;
            }
            if (!(error instanceof WrongAnswer)) throw error;
            slice.violation(`history ${history}: ${error.message}\n${fleet.server.log()}`);
          }
          slice.count('histories');
          slice.count('kills', shape.kills);
        }
      } finally {
        await fleet.server.kill();
        await rm(dataDir, { recursive: true, force: true });
      }
    }
    slice.log(`the slowest history was decided in ${(slowest / 1000).toFixed(2)} s`);
  },
};
