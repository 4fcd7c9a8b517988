/**
 * @module A disk on which writes wait (fsfreeze, as a snapshot of a volume does): nothing is acknowledged meanwhile, what the
 * server knows already is read on, it says that it is not ready, and all goes on when the disk does.
 */

import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';

import { Pool } from 'undici';

import { eventually } from '../../support/eventually.ts';
import { readMetric } from '../../support/metrics.ts';
import { S3 } from '../../support/s3.ts';
import { LoopDisk, needsLoopDisk } from '../disk/loop-disk.ts';
import { seededBytes, seededChoice } from '../seeded.ts';
import { BUCKET, expectServing, onStage } from './scenario.ts';
import type { Scenario } from './scenario.ts';

const DISK_MIB = 128;
const FREEZE_MS = 1500;
/** Fewer than the server has threads for files, which wait, too. */
const WRITES = 12;
const PATIENCE_MS = 20_000;

const readiness = (endpoint: string): Promise<Response> => fetch(`${endpoint}/-/health/ready`);

export const frozenDisk: Scenario = {
  name: 'the disk is frozen for a while: writes wait, and reads go on',
  needs: needsLoopDisk('ext4'),
  run: async (seed) => {
    const disk = await LoopDisk.create({ fs: 'ext4', mib: DISK_MIB });
    try {
      await onStage(async ({ start, objects }) => {
        const pick = seededChoice(seed);
        const server = await start();
        const { s3, endpoint } = server;
        const small = seededBytes(`${seed} small`, 2000);
        const large = seededBytes(`${seed} large`, 200_000);
        await objects.put(s3, 'small', small);
        await objects.put(s3, 'large', large);
        const pool = new Pool(endpoint, { headersTimeout: PATIENCE_MS });
        const reader = new S3({ endpoint, credentials: s3.credentials, region: s3.region, pool });
        const read = async (): Promise<void> => {
          for (const [key, body] of [
            ['small', small],
            ['large', large],
          ] as const)
            assert.ok((await reader.object('GET', BUCKET, key)).body.equals(body), key);
          assert.equal((await fetch(`${endpoint}/-/health/live`)).status, 200);
        };
        // The first read after a commit notes in shared memory, which is a file, how far it sees: that is a write, too.
        await read();
        await disk.freeze();
        try {
          const before = objects.acknowledged;
          const writes = Array.from({ length: WRITES }, (_, i) =>
            objects.put(s3, `during ${i}`, seededBytes(`${seed} ${i}`, 1 + pick(150_000))),
          );
          await delay(FREEZE_MS / 2);
          await read();
          await delay(FREEZE_MS / 2);
          assert.equal((await readiness(endpoint)).status, 503);
          assert.equal(await readMetric(s3, 'cistern_writer_late'), 1);
          await read();
          assert.equal(objects.acknowledged, before, 'a write was acknowledged that cannot be on the disk');
          await disk.thaw();
          for (const response of await Promise.all(writes))
            assert.equal(response?.status, 200, `${response?.text}`);
        } finally {
          await disk.thaw().catch(() => undefined);
          await reader.close();
        }
        await eventually(async () => assert.equal((await readiness(endpoint)).status, 200));
        await expectServing(server, objects, 'after');
        await objects.verify(s3);
      }, `${disk.path}/data`);
    } finally {
      await disk.remove();
    }
  },
};
