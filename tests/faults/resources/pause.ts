/**
 * @module A process that does not run for a while (SIGSTOP, a virtual machine that is moved): longer than its clients wait, and
 * than the time-outs of its own parts. Another server must not take its directory meanwhile.
 */

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { Pool } from 'undici';

import { S3 } from '../../support/s3.ts';
import { StartFailure } from '../../support/server-process.ts';
import { seededBytes, seededChoice } from '../seeded.ts';
import { answerOf, BUCKET, expectServing, onStage } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const PATIENCE_MS = 300;
/** More than SQLite's connections wait for one another. */
const PAUSE_MS = 5500;
const WRITERS = 8;

export const pause: Scenario = {
  name: 'the server is stopped for longer than anybody waits, and goes on',
  needs: process.platform === 'win32' ? 'Windows has no SIGSTOP' : false,
  run: (seed) =>
    onStage(async ({ start, objects }) => {
      const pick = seededChoice(seed);
      const server = await start();
      const { s3, child, endpoint } = server;
      const pool = new Pool(endpoint, {
        connections: WRITERS,
        headersTimeout: PATIENCE_MS,
        bodyTimeout: PATIENCE_MS,
      });
      const impatient = new S3({ endpoint, credentials: s3.credentials, region: s3.region, pool });
      const over = new AbortController();
      const write = async (name: string): Promise<void> => {
        for (let i = 0; !over.signal.aborted; i++) {
          const body = seededBytes(`${seed} ${name} ${i}`, i % 3 === 0 ? 100_000 : 1000);
          // Whoever gets no answer asks again later.
          if ((await objects.put(impatient, `${name} ${i}`, body)) === undefined) await delay(PATIENCE_MS);
        }
      };
      const writers = Array.from({ length: WRITERS }, (_, i) => write(`writer ${i}`));
      while (objects.acknowledged < pick(40)) await delay(1);
      child.kill('SIGSTOP');
      const resumed = delay(PAUSE_MS);
      // It owns its directory all the same.
      await assert.rejects(start(), (error: unknown) => {
        assert.ok(error instanceof StartFailure);
        assert.match(error.message, /in use by another process/);
        return true;
      });
      await resumed;
      over.abort();
      await Promise.all(writers);
      child.kill('SIGCONT');
      assert.equal((await answerOf(s3.bucket('HEAD', BUCKET)))?.status, 200, server.log());
      await expectServing(server, objects, 'after');
      await objects.verify(s3);
    }),
};
