/** @module No file descriptors: connections, blob files and threads cannot be opened for a while. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

import { Pool } from 'undici';

import { needsCommand } from '../../clients/commands.ts';
import { S3 } from '../../support/s3.ts';
import { seededBytes, seededChoice } from '../seeded.ts';
import { answerOf, BUCKET, expectServing, onStage } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const AMPLE = 4096;
const REQUESTS = 60;
const CONNECTIONS = 30;
/** On both sides of what is inline, and of what another thread hashes. */
const LARGE_BYTES = 1_200_000;
const SIZES = [1000, 60_000, 100_000, LARGE_BYTES];

export const descriptors: Scenario = {
  name: 'file descriptors run out',
  needs:
    process.platform !== 'linux'
      ? 'limits of a running process are set by Linux only'
      : needsCommand('prlimit', 'Debian package util-linux'),
  run: (seed) =>
    onStage(async ({ start, objects }) => {
      const pick = seededChoice(seed);
      const server = await start();
      const { s3, child, endpoint } = server;
      const limit = (most: number): void => {
        execFileSync('prlimit', ['--pid', String(child.pid), `--nofile=${most}:${AMPLE}`]);
      };
      await objects.put(s3, 'before', seededBytes(seed, 100_000));
      const open = (): number => readdirSync(`/proc/${child.pid}/fd`).length;
      // Enough for the file of the first large body, and not for the thread that hashes it.
      limit(open() + 2 + pick(4));
      await objects.put(s3, 'large', seededBytes(`${seed} large`, LARGE_BYTES));
      assert.equal(child.exitCode, null, server.log());
      // So few that some requests go through, mostly.
      limit(open() + pick(10));
      const pool = new Pool(endpoint, { connections: CONNECTIONS });
      const many = new S3({ endpoint, credentials: s3.credentials, region: s3.region, pool });
      const requests = Array.from({ length: REQUESTS }, async (_, i) => {
        const size = SIZES[pick(SIZES.length)] ?? 0;
        if (i % 4 > 0) return objects.put(many, `during ${i}`, seededBytes(`${seed} ${i}`, size));
        const read = await answerOf(many.object('GET', BUCKET, 'before'));
        if (read !== undefined) assert.ok([200, 503].includes(read.status), read.text.slice(0, 300));
        return read;
      });
      await Promise.all(requests);
      await many.close();
      assert.equal(child.exitCode, null, server.log());
      limit(AMPLE);
      await expectServing(server, objects, 'after');
      await objects.verify(s3);
    }),
};
