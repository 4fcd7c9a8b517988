/**
 * @module Power cuts, one after another, on one disk: a server on it, writers, a cut immediately after one of their
 * acknowledgements, and a look at what is there when the power is back. Each round works on what those before have left.
 */

import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { startServer } from 'cistern';

import { CREDENTIALS, launchServer } from '../../support/server-process.ts';
import type { LaunchOptions, ServerProcess } from '../../support/server-process.ts';
import type { S3 } from '../../support/s3.ts';
import { seededChoice } from '../seeded.ts';
import { CutWriter } from './cut-writer.ts';
import type { LoopDisk } from './loop-disk.ts';
import { Unanswered, WatchedS3 } from './watched-s3.ts';

const WRITERS = 6;
/** How many of them write in a round: one alone shows what no other's sync has saved. */
const AT_ONCE = [1, 1, 1, 2, WRITERS];
const WRITES_MAX = 25;
/** The least that is kept in a file. */
const FILE_BYTES = 65_537;
/** In rounds: all buckets are read then, not only those that were written to, and `fsck` reads every blob. */
const ALL_EVERY = 8;
/** The least that a log has that starts over: only then a commit overwrites it, and its sync brings no other file along. */
const WARM_UP_WRITES = 40;

export class CutRun {
  readonly #disk: LoopDisk;
  readonly #seed: string;
  readonly #pick: (below: number) => number;
  #writers: CutWriter[] = [];
  /** Those that wrote in the last round. */
  #wrote = new Set<CutWriter>();
  #rounds = 0;
  #directory = 0;
  #acknowledged = 0;

  constructor(disk: LoopDisk, seed: string) {
    this.#disk = disk;
    this.#seed = seed;
    this.#pick = seededChoice(`${seed} ${disk.fs}`);
  }

  /** Writes, in all rounds. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get #dataDir(): string {
    return join(this.#disk.path, 'new', `data ${this.#directory}`);
  }

  /**
   * The first start of a data directory, and the cut when it listens: what it has shown and promised is there afterwards.
   * The rounds that follow work on it, and one must have come before them.
   */
  async firstStart(): Promise<void> {
    await rm(join(this.#disk.path, 'new'), { recursive: true, force: true });
    this.#directory++;
    const first = await startProcess(this.#dataDir, {
      CISTERN_ACCESS_KEY_ID: undefined,
      CISTERN_SECRET_ACCESS_KEY: undefined,
    });
    const credentials = join(this.#dataDir, 'credentials');
    const shown = await readFile(credentials, 'utf8');
    await this.#disk.cutPower();
    await first.kill();
    await this.#disk.powerUp();
    assert.equal(await readFile(credentials, 'utf8'), shown, 'the root key that was shown is another now');
    const again = await startProcess(this.#dataDir);
    try {
      assert.equal((await again.s3.bucket('HEAD', 'first')).status, 200, 'a bucket that was made is gone');
      await this.#prepare(again.s3);
    } finally {
      await again.kill();
    }
  }

  async #prepare(s3: S3): Promise<void> {
    const name = (i: number): string => `${this.#directory}-${i}`;
    this.#writers = Array.from({ length: WRITERS }, (_, i) => new CutWriter(this.#seed, name(i)));
    for (const writer of this.#writers) await writer.prepare(s3);
    const body = Buffer.alloc(60_000);
    for (let i = 0; i < WARM_UP_WRITES; i++) await s3.put('first', `${i % 4}`, body);
  }

  /** Throws what is not as it must be. The power is on when it returns or throws. */
  async round(): Promise<void> {
    this.#rounds++;
    await this.#serve(this.#rounds % ALL_EVERY === 0, (s3) => this.#writeUntilCut(s3));
    await this.#disk.powerUp();
  }

  /** After the last round: everything is looked at once more. */
  last(): Promise<void> {
    return this.#serve(true, async () => {});
  }

  /**
   * The server runs in this process, and is closed when its disk is gone: a start costs half of that of a process, and
   * nothing that it does then can reach the disk.
   *
   * @param all look at what was looked at before, too
   */
  async #serve(all: boolean, work: (s3: WatchedS3) => Promise<void>): Promise<void> {
    const server = await startServer({
      dataDir: this.#dataDir,
      credentials: CREDENTIALS,
      threads: 1,
      reaperIdleMs: 1,
      drainMs: 0,
    });
    const s3 = new WatchedS3({ endpoint: server.endpoint, credentials: CREDENTIALS, region: server.region });
    try {
      assert.deepEqual(await readdir(join(this.#dataDir, 'tmp')), [], 'temporary files survived the start');
      for (const writer of all ? this.#writers : this.#wrote) await writer.verify(s3);
      if (all) await expectSound(s3);
      await work(s3);
    } finally {
      await s3.close();
      // A catalog that has lost its disk says so.
      await server.close().catch(() => undefined);
    }
  }

  async #writeUntilCut(s3: WatchedS3): Promise<void> {
    let left = 1 + this.#pick(WRITES_MAX);
    let cut: Promise<void> | undefined;
    // Half of the cuts come when a file was the last that was written: the syncs of small writes bring others along.
    const leastBytes = this.#pick(2) * FILE_BYTES;
    s3.onAcknowledged = (bytes) => {
      this.#acknowledged++;
      if (--left <= 0 && bytes >= leastBytes) cut ??= this.#cut(s3);
    };
    const count = AT_ONCE[this.#pick(AT_ONCE.length)] ?? 1;
    const first = this.#pick(WRITERS);
    const writers = Array.from({ length: count }, (_, i) => this.#writers[(first + i) % WRITERS]);
    this.#wrote = new Set(writers.filter((writer) => writer !== undefined));
    await Promise.all([...this.#wrote].map((writer) => writer.write(s3)));
    assert.ok(cut, 'a write was not answered before the cut');
    await cut;
  }

  async #cut(s3: WatchedS3): Promise<void> {
    s3.power = 'going';
    await this.#disk.cutPower();
    s3.power = 'off';
    for (const body of ['small', Buffer.alloc(70_000)])
      await assert.rejects(s3.object('PUT', 'first', 'too late', { body }), Unanswered);
  }
}

function startProcess(dataDir: string, env: LaunchOptions['env'] = {}): Promise<ServerProcess> {
  return launchServer({
    dataDir,
    arguments: ['--buckets', 'first', '--threads', '1'],
    env,
    started: (child) => {
      const end = (): boolean => child.kill('SIGKILL');
      process.once('exit', end);
      child.once('exit', () => process.off('exit', end));
    },
  });
}

/** `fsck`, by the server. */
async function expectSound(s3: S3): Promise<void> {
  const { text } = await s3.send('POST', '/-/api/fsck');
  const last = JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { report?: { problems: unknown[] } };
  assert.deepEqual(last.report?.problems, [], text);
}
