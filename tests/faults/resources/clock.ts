/**
 * @module A clock that jumps, of the server's process alone (libfaketime): forward by years, back by more, and right again. The
 * order of versions is kept, nothing is ended early, and signatures are judged by the clock that is.
 */

import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { S3 } from '../../support/s3.ts';
import { listedVersions, listVersions, setVersioning } from '../../support/versions.ts';
import { MultipartUpload } from '../../support/multipart.ts';
import { eventually } from '../../support/eventually.ts';
import { readMetric } from '../../support/metrics.ts';
import { seededChoice } from '../seeded.ts';
import { BUCKET, expectServing, onStage } from './scenario.ts';
import type { Scenario, Stage } from './scenario.ts';

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')[0];

const DAY_S = 86_400;
/** Seconds: what the clock is wrong by, one after another; in the end it is right. */
const JUMPS = [-3650 * DAY_S, 400 * DAY_S, -30 * DAY_S, 3650 * DAY_S];

/** The clock of processes that are started with `env`. */
class FakeClock {
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  #offsetS = 0;

  static async create(): Promise<FakeClock> {
    const clock = new FakeClock(await mkdtemp(join(tmpdir(), 'cistern-clock-')));
    await clock.set(0);
    return clock;
  }

  private constructor(folder: string) {
    this.#folder = folder;
    this.env = {
      LD_PRELOAD: LIBRARY ?? '',
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
    };
  }

  get #file(): string {
    return join(this.#folder, 'offset');
  }

  /** @param seconds beside the right time, from now on */
  async set(seconds: number): Promise<void> {
    this.#offsetS = seconds;
    await writeFile(`${this.#file}.new`, `${seconds >= 0 ? '+' : ''}${seconds}`);
    await rename(`${this.#file}.new`, this.#file);
  }

  /** Milliseconds since the epoch, as those processes have it. */
  now(): number {
    return Date.now() + this.#offsetS * 1000;
  }

  expectNow(date: string | undefined): void {
    assert.ok(Math.abs(Date.parse(date ?? '') - this.now()) < 60_000, `it is ${date} to the server`);
  }

  remove(): Promise<void> {
    return rm(this.#folder, { recursive: true });
  }
}

/** Versions of one key, and an upload that nobody goes on with. */
class Witness {
  readonly #clock: FakeClock;
  /** Newest first. */
  readonly #ids: string[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async put(s3: S3): Promise<void> {
    const now = this.#clock.now();
    const response = await s3.object('PUT', BUCKET, 'key', { body: `${this.#ids.length}`, now });
    assert.equal(response.status, 200, response.text);
    this.#ids.unshift(response.headers['x-amz-version-id'] ?? '');
    const head = await s3.object('HEAD', BUCKET, 'key', { now });
    this.#clock.expectNow(head.headers['last-modified']);
  }

  async verify(s3: S3): Promise<void> {
    const expected = this.#ids.map((id, i) => `key ${id}${i === 0 ? ' latest' : ''}`);
    assert.deepEqual(listedVersions(await listVersions(s3, BUCKET)), expected);
    assert.equal((await s3.object('GET', BUCKET, 'key')).text, `${this.#ids.length - 1}`);
  }
}

/** A round of the work that is done in the background has been done, and the reaper's graces have passed. */
async function backgroundWork(s3: S3, now: number): Promise<void> {
  const key = 'doomed';
  const { headers } = await s3.object('PUT', BUCKET, key, { body: Buffer.alloc(100_000), now });
  const query = { versionId: headers['x-amz-version-id'] ?? '' };
  assert.equal((await s3.object('DELETE', BUCKET, key, { query, now })).status, 204);
  await eventually(async () => assert.ok((await readMetric(s3, 'cistern_blobs_deleted_total')) > 0));
}

export const clock: Scenario = {
  name: 'the clock jumps back and forth: versions keep their order, and uploads their time',
  needs: LIBRARY === undefined ? 'libfaketime is not installed: Debian package libfaketime' : false,
  run: async (seed) => {
    const fake = await FakeClock.create();
    try {
      await onStage((stage) => jump(stage, fake, seed));
    } finally {
      await fake.remove();
    }
  },
};

async function jump({ start, objects }: Stage, fake: FakeClock, seed: string): Promise<void> {
  const pick = seededChoice(seed);
  const first = await start({ env: fake.env });
  const witness = new Witness(fake);
  await setVersioning(first.s3, BUCKET, 'Enabled');
  const { id } = await MultipartUpload.begin(first.s3, BUCKET, 'upload');
  await witness.put(first.s3);
  for (const by of JUMPS) {
    await fake.set(by + pick(DAY_S));
    // The process reads its clock's file again by and by.
    await eventually(async () => {
      const { headers } = await first.s3.bucket('HEAD', BUCKET, { now: fake.now() });
      fake.expectNow(headers['date']);
    });
    await witness.put(first.s3);
    const signed = await first.s3.object('GET', BUCKET, 'key', { now: Date.now() });
    assert.equal(signed.errorCode, 'RequestTimeTooSkewed', signed.text);
    await backgroundWork(first.s3, fake.now());
  }
  // A machine that starts with a clock that is far ahead, and is set right later.
  await first.kill();
  const server = await start({ env: fake.env });
  await backgroundWork(server.s3, fake.now());
  await fake.set(0);
  await eventually(async () => {
    fake.expectNow((await server.s3.bucket('HEAD', BUCKET)).headers['date']);
  });
  await witness.put(server.s3);
  await witness.verify(server.s3);
  const upload = new MultipartUpload(server.s3, { bucket: BUCKET, key: 'upload', id });
  const part = await upload.part(1, 'part');
  assert.equal((await upload.complete([part])).status, 200);
  await expectServing(server, objects, 'after');
  await objects.verify(server.s3);
}
