/**
 * @module What a scenario of resources is: a server of its own that is short of something for a while. What it acknowledged
 * must be there, nothing that it refused may be half there, and it serves again when the shortage is over.
 */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { sha256Hex } from '../../support/s3.ts';
import type { S3, S3Response } from '../../support/s3.ts';
import { launchServer } from '../../support/server-process.ts';
import type { LaunchOptions, ServerProcess } from '../../support/server-process.ts';

export interface Scenario {
  readonly name: string;
  /** Why it cannot run on this machine. */
  readonly needs: string | false;
  /** Rejects with what is not as it must be; everything that it made is gone then, too. @param seed of its choices */
  readonly run: (seed: string) => Promise<void>;
}

export const BUCKET = 'scarce';

export interface Stage {
  readonly dataDir: string;
  readonly objects: Objects;
  /** Ended with the scenario. */
  readonly start: (options?: Omit<LaunchOptions, 'dataDir' | 'started'>) => Promise<ServerProcess>;
}

/** @param dataDir of another disk; default: a temporary directory */
export async function onStage(work: (stage: Stage) => Promise<void>, dataDir?: string): Promise<void> {
  const directory = dataDir ?? (await mkdtemp(join(tmpdir(), 'cistern-scarce-')));
  const servers: ServerProcess[] = [];
  const children: { kill(signal: 'SIGKILL'): boolean }[] = [];
  const endAll = (): void => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', endAll);
  const start: Stage['start'] = async (options = {}) => {
    const server = await launchServer({
      ...options,
      dataDir: directory,
      arguments: ['--buckets', BUCKET, '--threads', '1', ...(options.arguments ?? [])],
      started: (child) => children.push(child),
    });
    servers.push(server);
    return server;
  };
  try {
    await work({ dataDir: directory, objects: new Objects(), start });
  } finally {
    endAll();
    await Promise.all(servers.map(({ exited }) => exited));
    // Those that the scenario killed are closed.
    for (const { s3 } of servers) await s3.close().catch(() => undefined);
    process.off('exit', endAll);
    if (dataDir === undefined) await rm(directory, { recursive: true, force: true });
  }
}

/** Keys that are written once, and what is known of them. */
export class Objects {
  readonly #acknowledged = new Map<string, string>();
  /** Sent, and refused or not answered. */
  readonly #attempted = new Map<string, string>();

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** @returns the answer; undefined: the connection broke */
  async put(s3: S3, key: string, body: Buffer): Promise<S3Response | undefined> {
    const hash = sha256Hex(body);
    this.#attempted.set(key, hash);
    const response = await answerOf(s3.object('PUT', BUCKET, key, { body, payload: 'UNSIGNED-PAYLOAD' }));
    if (response?.status === 200) {
      this.#acknowledged.set(key, hash);
      this.#attempted.delete(key);
    } else if (response !== undefined) {
      assert.equal(response.status, 503, response.text);
    }
    return response;
  }

  /** Reads everything, and checks the store. */
  async verify(s3: S3): Promise<void> {
    for (const [key, hash] of this.#acknowledged) {
      const response = await s3.object('GET', BUCKET, key);
      assert.equal(response.status, 200, `${key}, acknowledged: ${response.text.slice(0, 300)}`);
      assert.equal(sha256Hex(response.body), hash, key);
    }
    for (const [key, hash] of this.#attempted) {
      const response = await s3.object('GET', BUCKET, key);
      if (response.status !== 404) assert.equal(sha256Hex(response.body), hash, key);
    }
    const { text } = await s3.send('POST', '/-/api/fsck');
    const last = JSON.parse(text.trim().split('\n').at(-1) ?? '{}') as { report?: { problems: unknown[] } };
    assert.deepEqual(last.report?.problems, [], text);
  }
}

/** Undefined when the connection broke, or was never made. */
export async function answerOf(answer: Promise<S3Response>): Promise<S3Response | undefined> {
  try {
    return await answer;
  } catch {
    return undefined;
  }
}

/** Both kinds of objects can be written and read, and the server says that it is ready. */
export async function expectServing(server: ServerProcess, objects: Objects, name: string): Promise<void> {
  for (const size of [1000, 100_000, 2_000_000]) {
    const response = await objects.put(server.s3, `${name} ${size}`, Buffer.alloc(size, name));
    assert.equal(response?.status, 200, `${response?.text} ${server.log()}`);
  }
  assert.equal((await fetch(`${server.endpoint}/-/health/ready`)).status, 200, server.log());
}
