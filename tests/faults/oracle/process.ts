/**
 * @module The oracle's own process: outlives the servers that it writes to, and knows of them by HTTP alone. A program,
 * started by `Oracle`, which is its only user: the messages are those below.
 */

import { setVersioning } from '../../support/versions.ts';
import { CREDENTIALS } from '../../support/server-process.ts';
import { S3 } from '../../support/s3.ts';
import type { Load } from './client.ts';
import { OracleClient } from './client.ts';
import { Contents } from './contents.ts';
import { OracleLog } from './log.ts';
import { OracleModel } from './model.ts';
import { SOURCE } from './multipart.ts';
import { BUCKETS, EVERYTHING } from './profile.ts';
import type { OracleProfile } from './profile.ts';
import { verifyServer } from './verify.ts';
import { Writer } from './writer.ts';

export interface OracleStart {
  readonly logPath: string;
  readonly seed: string;
}

export interface LoadOrder {
  readonly endpoint: string;
  readonly profile: OracleProfile;
  /** Steps of each writer, at most. */
  readonly steps: number;
  /** Tells when so many writes are acknowledged. */
  readonly tellAt: number;
}

export interface LoadReport {
  readonly acknowledged: number;
  /** Answers of 5xx. */
  readonly refused: number;
  /** Requests that were never answered, and those that were refused, since the server was last looked at. */
  readonly unanswered: number;
  /** What was answered and must not have been. */
  readonly problems: readonly string[];
}

export interface VerifyReport {
  readonly problems: readonly string[];
  readonly objects: number;
  readonly versions: number;
  /** Objects and versions whose bytes were read. */
  readonly read: number;
}

export type Order =
  | ({ readonly order: 'start' } & OracleStart)
  | { readonly order: 'prepare'; readonly endpoint: string }
  | ({ readonly order: 'load' } & LoadOrder)
  | { readonly order: 'stop' }
  | { readonly order: 'verify'; readonly endpoint: string; readonly all: boolean };

export type Report =
  | { readonly report: 'reached' }
  | { readonly report: 'done'; readonly result: LoadReport | VerifyReport | null }
  | { readonly report: 'failed'; readonly reason: string };

/** A server that has refused so many writes, one after another, has stopped. */
const REFUSED_MAX = 200;

class OracleProcess {
  readonly #log: OracleLog;
  readonly #seed: string;
  readonly #contents: Contents;
  #model: OracleModel;
  #number = 0;
  #runs = 0;
  #stopped = false;

  constructor({ logPath, seed }: OracleStart) {
    this.#log = new OracleLog(logPath);
    this.#seed = seed;
    this.#contents = new Contents(seed);
    const lines = this.#log.read();
    this.#model = new OracleModel(lines);
    for (const line of lines) if ('intent' in line) this.#number = Math.max(this.#number, line.intent + 1);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** The buckets are there; what writers need of them is made. */
  async prepare(endpoint: string): Promise<null> {
    await withServer(endpoint, async (s3) => {
      await setVersioning(s3, BUCKETS.versions, 'Enabled');
      const { state, bytes } = this.#contents.make([SOURCE.piece], true);
      const load = this.#load(s3, EVERYTHING, 0);
      await new OracleClient(load).send({
        does: 'put',
        groups: [[{ key: SOURCE.key, state }]],
        method: 'PUT',
        bucket: BUCKETS.plain,
        key: SOURCE.key,
        options: { body: bytes },
      });
      if (load.acknowledged === 0) throw new Error(`the server cannot be prepared: ${load.problems.join()}`);
    });
    return null;
  }

  load({ endpoint, profile, steps, tellAt }: LoadOrder): Promise<LoadReport> {
    this.#stopped = false;
    const run = this.#runs++;
    return withServer(endpoint, async (s3) => {
      const load = this.#load(s3, profile, tellAt);
      const writers = Array.from(
        { length: profile.writers },
        (_, index) => new Writer(load, { seed: this.#seed, run, index }),
      );
      await Promise.all(writers.map((writer) => writer.run(steps)));
      const { acknowledged, refused, problems } = load;
      return { acknowledged, refused, unanswered: this.#model.unanswered, problems };
    });
  }

  /** What is expected follows from the log alone; it begins anew with what was found. */
  async verify(endpoint: string, all: boolean): Promise<VerifyReport> {
    const model = new OracleModel(this.#log.read());
    const { problems, found, read } = await withServer(endpoint, (s3) => verifyServer(s3, model, all));
    this.#log.replace(found);
    this.#model = new OracleModel(found);
    this.#contents.forgetAllBut(this.#model.sent);
    return { problems, read, objects: this.#model.plain.size, versions: this.#model.versioned.size };
  }

  #load(s3: S3, profile: OracleProfile, tellAt: number): Load {
    const load: Load = {
      s3,
      profile,
      log: this.#log,
      model: this.#model,
      contents: this.#contents,
      nextNumber: () => this.#number++,
      over: () => this.#stopped || load.refusedInARow >= REFUSED_MAX,
      onAcknowledged: () => {
        if (load.acknowledged === tellAt) tell({ report: 'reached' });
      },
      acknowledged: 0,
      refused: 0,
      refusedInARow: 0,
      problems: [],
    };
    return load;
  }
}

async function withServer<T>(endpoint: string, work: (s3: S3) => Promise<T>): Promise<T> {
  const s3 = new S3({ endpoint, credentials: CREDENTIALS, region: 'us-east-1' });
  try {
    return await work(s3);
  } finally {
    await s3.close();
  }
}

function tell(report: Report): void {
  process.send?.(report);
}

let oracle: OracleProcess | undefined;

function obey(order: Order): Promise<LoadReport | VerifyReport | null> | undefined {
  if (order.order === 'start') oracle = new OracleProcess(order);
  if (oracle === undefined) throw new Error('the oracle was not started');
  switch (order.order) {
    case 'start':
      return Promise.resolve(null);
    case 'stop':
      oracle.stop();
      return undefined;
    case 'prepare':
      return oracle.prepare(order.endpoint);
    case 'load':
      return oracle.load(order);
    case 'verify':
      return oracle.verify(order.endpoint, order.all);
  }
}

process.on('message', (order: Order) => {
  void (async () => {
    const result = await obey(order);
    if (result !== undefined) tell({ report: 'done', result });
  })().catch((error: unknown) =>
    tell({ report: 'failed', reason: error instanceof Error ? (error.stack ?? '') : String(error) }),
  );
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
