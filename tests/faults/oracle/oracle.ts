/**
 * @module The oracle: a process of its own that writes to a server, knows what it was promised, and holds the server to
 * that after whatever has happened to it. Its log belongs on another file system than the server's files.
 *
 *     const oracle = await Oracle.start({ logPath, seed });
 *     await oracle.prepare(endpoint);              // once; the server has the buckets of BUCKET_LIST
 *     const load = oracle.load(endpoint, { tellAt: 100 });
 *     await load.reached;                          // 100 writes are acknowledged, others are in flight
 *     …                                            // the server dies
 *     const { acknowledged, problems } = await load.ended;
 *     …                                            // another is started on the same directory
 *     const { problems } = await oracle.verify(endpoint);
 *     await oracle.close();
 *
 * One order at a time. The server's root is `CREDENTIALS` of `tests/support/server-process.ts`.
 */

import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { EVERYTHING } from './profile.ts';
import type { OracleProfile } from './profile.ts';
import type { LoadReport, OracleStart, Order, Report, VerifyReport } from './process.ts';

const PROGRAM = fileURLToPath(new URL('process.ts', import.meta.url));

export interface LoadOptions {
  /** Default: `EVERYTHING`. What is left out is as there. */
  readonly profile?: Partial<OracleProfile>;
  /** Each writer does so many and ends. Default: they go on until the connection breaks, nothing is accepted, or `stop`. */
  readonly steps?: number;
  /** `reached` resolves at so many acknowledged writes. Default: 1. */
  readonly tellAt?: number;
}

export interface RunningLoad {
  /** Resolves at `tellAt` acknowledged writes, or when the load has ended before. */
  readonly reached: Promise<void>;
  readonly ended: Promise<LoadReport>;
}

export class Oracle {
  readonly #process: ChildProcess;
  readonly #exited: Promise<never>;
  #onReached: (() => void) | undefined;
  #settle: ((report: Report) => void) | undefined;

  private constructor(child: ChildProcess) {
    this.#process = child;
    this.#exited = new Promise((_, reject) =>
      child.once('exit', (code, signal) =>
        reject(new Error(`the oracle has ended by itself (${code ?? signal})`)),
      ),
    );
    // It may end when nobody waits for it.
    this.#exited.catch(() => undefined);
    child.on('message', (report: Report) => {
      if (report.report === 'reached') this.#onReached?.();
      else this.#settle?.(report);
    });
  }

  /** @param start the log is gone on with when there is one */
  static async start(start: OracleStart): Promise<Oracle> {
    const oracle = new Oracle(fork(PROGRAM, { env: { ...process.env, LD_PRELOAD: '' } }));
    await oracle.#order({ order: 'start', ...start });
    return oracle;
  }

  async prepare(endpoint: string): Promise<void> {
    await this.#order({ order: 'prepare', endpoint });
  }

  load(endpoint: string, { profile, steps, tellAt = 1 }: LoadOptions = {}): RunningLoad {
    const reached = new Promise<void>((resolve) => (this.#onReached = resolve));
    const order: Order = {
      order: 'load',
      endpoint,
      profile: { ...EVERYTHING, ...profile },
      steps: steps ?? Number.MAX_SAFE_INTEGER,
      tellAt,
    };
    const ended = this.#order(order) as Promise<LoadReport>;
    // Whoever awaits `reached` first hears of a failure all the same.
    ended.catch(() => undefined);
    return { reached: Promise.race([reached, ended.then(() => undefined)]), ended };
  }

  /** Writers end after what they are doing. */
  stop(): void {
    this.#process.send({ order: 'stop' } satisfies Order);
  }

  /** @param all reads all bytes; default: those of keys that something was asked of since the last time */
  verify(endpoint: string, { all = false }: { all?: boolean } = {}): Promise<VerifyReport> {
    return this.#order({ order: 'verify', endpoint, all }) as Promise<VerifyReport>;
  }

  async close(): Promise<void> {
    const exited = this.#exited.catch(() => undefined);
    this.#process.disconnect();
    await exited;
  }

  async #order(order: Order): Promise<LoadReport | VerifyReport | null> {
    const answered = new Promise<Report>((resolve) => (this.#settle = resolve));
    this.#process.send(order);
    const report = await Promise.race([answered, this.#exited]);
    if (report.report === 'done') return report.result;
    throw new Error(report.report === 'failed' ? `the oracle failed: ${report.reason}` : 'out of order');
  }
}
