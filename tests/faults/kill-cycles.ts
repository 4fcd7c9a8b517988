/**
 * @module kill -9 under load, again and again: a server is started on what the last one has left, held to the oracle's
 * log, written to, and killed with requests in flight.
 */

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { lockDataDirectory, runFsck } from '@cistern/server';

import { launchServer } from '../support/server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { Oracle } from './oracle/oracle.ts';
import { BUCKET_LIST } from './oracle/profile.ts';
import { seededChoice } from './seeded.ts';

/** A server is killed when it has acknowledged so many writes, or fewer; one in ten lives longer. */
const WRITES_MAX = 170;
const MANY_WRITES_MAX = 600;
/** The whole store is checked, and all bytes are read, after so many cycles. */
const CHECK_EVERY = 10;

export interface KillOptions {
  readonly seed: string;
  /** Where directories are made: the server's, and the oracle's log, which belongs on another file system. */
  readonly dataIn: string;
  readonly logIn: string;
  readonly violation: (report: string) => void;
}

export class KillCycles {
  readonly #options: KillOptions;
  readonly #pick: (below: number) => number;
  readonly #dataDir: string;
  readonly #logDir: string;
  readonly #oracle: Oracle;
  #cycle = 0;
  acknowledged = 0;

  private constructor(options: KillOptions, dataDir: string, logDir: string, oracle: Oracle) {
    this.#options = options;
    this.#pick = seededChoice(`${options.seed} kill`);
    this.#dataDir = dataDir;
    this.#logDir = logDir;
    this.#oracle = oracle;
  }

  static async start(options: KillOptions): Promise<KillCycles> {
    const dataDir = await mkdtemp(join(options.dataIn, 'cistern-kill-'));
    const logDir = await mkdtemp(join(options.logIn, 'cistern-oracle-'));
    const oracle = await Oracle.start({ logPath: join(logDir, 'log'), seed: options.seed });
    return new KillCycles(options, dataDir, logDir, oracle);
  }

  /** One life of a server. @returns writes that it acknowledged */
  async cycle(): Promise<number> {
    const cycle = ++this.#cycle;
    const server = await this.#start(cycle);
    try {
      if (cycle === 1) await this.#oracle.prepare(server.endpoint);
      await this.#verify(server, cycle);
      const writes = cycle % 10 === 5 ? MANY_WRITES_MAX : WRITES_MAX;
      const load = this.#oracle.load(server.endpoint, { tellAt: 1 + this.#pick(writes) });
      await load.reached;
      server.child.kill('SIGKILL');
      const { acknowledged, problems, refused } = await load.ended;
      this.#tell(cycle, problems);
      if (refused > 0) this.#tell(cycle, [`${refused} requests were refused`]);
      this.#tell(cycle, faultsOf(server.log()));
      this.acknowledged += acknowledged;
      return acknowledged;
    } finally {
      await server.kill();
      if (cycle % CHECK_EVERY === 0) await this.#fsck(cycle);
    }
  }

  /** Holds what is left to the log once more, all of it, and removes everything. */
  async finish(): Promise<void> {
    try {
      const server = await this.#start(this.#cycle);
      try {
        this.#tell(this.#cycle, (await this.#oracle.verify(server.endpoint, { all: true })).problems);
      } finally {
        await server.kill();
      }
      await this.#fsck(this.#cycle);
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    await this.#oracle.close();
    for (const path of [this.#dataDir, this.#logDir]) await rm(path, { recursive: true, force: true });
  }

  #start(cycle: number): Promise<ServerProcess> {
    const threads = String(1 + (cycle % 2));
    return launchServer({
      dataDir: this.#dataDir,
      arguments: ['--buckets', BUCKET_LIST, '--reaper-idle', '1', '--threads', threads],
    });
  }

  async #verify({ endpoint }: ServerProcess, cycle: number): Promise<void> {
    assert.deepEqual(await readdir(join(this.#dataDir, 'tmp')), [], 'temporary files survived the start');
    const { problems } = await this.#oracle.verify(endpoint, { all: cycle % CHECK_EVERY === 0 });
    this.#tell(cycle, problems);
  }

  async #fsck(cycle: number): Promise<void> {
    const lock = lockDataDirectory(this.#dataDir);
    try {
      const { problems } = await runFsck({ dataDir: this.#dataDir, live: false, quick: false });
      this.#tell(
        cycle,
        problems.map((problem) => `fsck: ${JSON.stringify(problem)}`),
      );
    } finally {
      lock.close();
    }
  }

  #tell(cycle: number, problems: readonly string[]): void {
    for (const problem of problems) this.#options.violation(`cycle ${cycle}: ${problem}`);
  }
}

/** What the server's structured log tells: it warns of nothing here. */
function faultsOf(log: string): string[] {
  return log.split('\n').filter((line) => line.startsWith('{'));
}
