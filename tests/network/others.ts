/** @module Those who have a good network and only want to be served: their answers must be right, and come, whoever else is there. */

import { S3 } from '../support/s3.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { BUCKET, SMALL } from './world.ts';

/** A request that takes longer is not being served, on any machine. */
const ANSWER_MS_MAX = 10_000;

export class Others {
  readonly #s3: S3;
  readonly #violation: (report: string) => void;
  readonly #tookMs: number[] = [];
  #stopped = false;
  #running: Promise<void>;
  served = 0;

  constructor({ s3, endpoint }: ServerProcess, violation: (report: string) => void) {
    this.#s3 = new S3({ endpoint, credentials: s3.credentials, region: s3.region });
    this.#violation = violation;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    for (let count = 0; !this.#stopped; count++) {
      const began = performance.now();
      try {
        await this.#ask(count);
      } catch (error) {
        if (!this.#stopped) this.#violation(`others: ${String(error)}`);
      }
      const took = performance.now() - began;
      this.#tookMs.push(took);
      if (took > ANSWER_MS_MAX) this.#violation(`others waited ${took.toFixed(0)} ms for an answer`);
      this.served++;
    }
  }

  async #ask(count: number): Promise<void> {
    if (count % 4 === 0) {
      const { status, text } = await this.#s3.object('PUT', BUCKET, 'others', { body: SMALL });
      if (status !== 200) throw new Error(`PUT: ${status} ${text}`);
      return;
    }
    const { status, body, text } = await this.#s3.object('GET', BUCKET, 'small');
    if (status !== 200 || !body.equals(SMALL)) throw new Error(`GET: ${status} ${text.slice(0, 200)}`);
  }

  /** Resolves when so many more were served. */
  async serve(more: number): Promise<void> {
    const until = this.served + more;
    while (this.served < until) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** The median of all since the last call. */
  takeMedianMs(): number {
    const sorted = this.#tookMs.splice(0).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#s3.close();
  }
}
