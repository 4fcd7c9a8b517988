/**
 * @module A memory limit, as containers have one (a control group of the system's): many large bodies at once, and many
 * connections that do nothing. What does not fit waits, and the server lives.
 */

import assert from 'node:assert/strict';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { Pool } from 'undici';

import { eventually } from '../../support/eventually.ts';
import { RawConnection } from '../../support/raw-http.ts';
import { S3 } from '../../support/s3.ts';
import { seededBytes, seededChoice } from '../seeded.ts';
import { answerOf, BUCKET, expectServing, onStage } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const MIB = 1024 * 1024;
const LIMIT_BYTES = 256 * MIB;
const IDLE = 200;
const UPLOADS = 24;
const BODY_BYTES = 4 * MIB;

/** Version 1 and version 2 of Linux's control groups: where groups of memory are, and the name of their limit. */
const PLACES = [
  { root: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' },
  { root: '/sys/fs/cgroup', limit: 'memory.max' },
] as const;

const place = PLACES.find(({ root }) => isUsable(root));

function isUsable(root: string): boolean {
  try {
    accessSync(root, constants.W_OK);
    const controllers = join(root, 'cgroup.subtree_control');
    return existsSync(controllers)
      ? readFileSync(controllers, 'utf8').split(/\s/).includes('memory')
      : existsSync(join(root, 'memory.limit_in_bytes'));
  } catch {
    return false;
  }
}

export const memory: Scenario = {
  name: 'memory is limited: many large bodies at once, and idle connections',
  needs:
    place === undefined
      ? 'no control group of memory can be made here: run it as root of the machine'
      : false,
  run: async (seed) => {
    const { root, limit } = place ?? PLACES[0];
    const group = mkdtempSync(join(root, 'cistern-'));
    try {
      writeFileSync(join(group, limit), String(LIMIT_BYTES));
      await onStage(async ({ start, objects }) => {
        const pick = seededChoice(seed);
        const server = await start({
          runner: ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', group],
        });
        const { s3, endpoint, child } = server;
        const idle = await Promise.all(Array.from({ length: IDLE }, () => RawConnection.open(endpoint)));
        const pool = new Pool(endpoint, { connections: UPLOADS });
        const many = new S3({ endpoint, credentials: s3.credentials, region: s3.region, pool });
        const requests = Array.from({ length: UPLOADS }, async (_, i) => {
          const key = `body ${i}`;
          const response = await objects.put(many, key, seededBytes(`${seed} ${i}`, BODY_BYTES + pick(MIB)));
          assert.ok(response, `the server is gone: ${child.signalCode} ${server.log()}`);
          return answerOf(many.object('GET', BUCKET, key));
        });
        await Promise.all(requests);
        await many.close();
        for (const connection of idle) connection.close();
        await expectServing(server, objects, 'after');
        await objects.verify(s3);
      });
    } finally {
      // The last process has left it by and by.
      await eventually(() => rmdirSync(group));
    }
  },
};
