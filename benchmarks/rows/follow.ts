/**
 * @module How soon those who follow an upload have a part's first byte, counted from the answer to that part's upload.
 *
 * The clock is this process's, which sends the parts and follows, too: a byte that is here before the answer counts as 0.
 */

import { randomFillSync } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { measure } from '../measure.ts';
import { abortUpload, createUpload, partPath, type Upload } from '../multipart.ts';
import { summarizeLatency } from '../percentiles.ts';
import { open, readAnswer, textOf } from '../s3-client.ts';
import { formatSize } from '../units.ts';
import { makeRow, type Row } from './row.ts';

const PART_BYTES = 2 ** 20;
const PARTS = 100;
// On several connections, so that the server's threads have their share.
const FOLLOWERS = 4;
const SILENCE_MS_MAX = 10_000;

export async function followRow(bench: Bench): Promise<void> {
  const id = `follow ${formatSize(PART_BYTES)} parts x${FOLLOWERS}`;
  await runRow(bench, id, async () => {
    const upload = await createUpload(bench.target, `/${OBJECT_BUCKET}/followed`);
    try {
      return await measureRow(bench, id, upload);
    } finally {
      await abortUpload(bench.target, upload);
    }
  });
}

async function measureRow(bench: Bench, id: string, upload: Upload): Promise<Row> {
  const { target } = bench;
  const body = randomFillSync(Buffer.allocUnsafe(PART_BYTES));
  await putPart(bench, { upload, number: 1, body });
  const followers = await Promise.all(Array.from({ length: FOLLOWERS }, () => follow(bench, upload)));
  try {
    await Promise.all(followers.map((follower) => follower.has(PART_BYTES)));
    const { value, usage } = await measure(target.pid, async () => {
      const delays: number[] = [];
      for (let number = 2; number <= PARTS + 1; number++) {
        body.writeUInt32LE(number);
        const before = (number - 1) * PART_BYTES;
        const first = followers.map((follower) => follower.has(before + 1));
        const answered = await putPart(bench, { upload, number, body });
        const arrived = await Promise.all(first);
        for (const time of arrived) delays.push(Math.max(0, time - answered));
        await Promise.all(followers.map((follower) => follower.has(before + PART_BYTES)));
      }
      return delays;
    });
    const early = value.filter((delay) => delay === 0).length;
    return makeRow(
      {
        id,
        group: 'life',
        objectBytes: PART_BYTES,
        connections: FOLLOWERS,
        client: 'node',
        requests: PARTS,
        errors: 0,
        seconds: usage.seconds,
        bytes: PARTS * PART_BYTES,
        ...summarizeLatency(value),
        note: `from the answer to the first byte; ${early} of ${value.length} before it`,
      },
      usage,
    );
  } finally {
    followers.forEach((follower) => follower.close());
  }
}

/** @returns when the answer's head was here */
async function putPart(
  bench: Bench,
  { upload, number, body }: { upload: Upload; number: number; body: Buffer },
): Promise<number> {
  const response = await open(bench.target, 'PUT', partPath(upload, number), { body });
  const answered = performance.now();
  const { status, body: said } = await readAnswer(response);
  if (status !== 200)
    throw new Error(`part ${number} was answered ${status}: ${said.toString('utf8', 0, 400)}`);
  return answered;
}

async function follow(bench: Bench, { path, id }: Upload): Promise<Follower> {
  const query = `cistern-upload=${encodeURIComponent(id)}`;
  const response = await open(bench.target, 'GET', `${path}?${query}`, {
    headers: [['x-cistern-follow', 'true']],
  });
  if (response.statusCode === 200) return new Follower(response);
  const { status, body } = await readAnswer(response);
  throw new Error(`following was answered ${status} ${textOf(body.toString(), 'Code') ?? ''}`.trimEnd());
}

/** Counts what arrives. */
class Follower {
  readonly #response: IncomingMessage;
  #bytes = 0;
  #lastMs = 0;
  #failure: Error | undefined;
  #waiting: (() => void)[] = [];

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.on('data', (chunk: Buffer) => {
      this.#bytes += chunk.length;
      this.#lastMs = performance.now();
      this.#wake();
    });
    const fail = (error: Error): void => {
      this.#failure ??= error;
      this.#wake();
    };
    response.on('error', fail);
    response.on('end', () => fail(new Error('a follower was sent the end')));
    response.setTimeout(SILENCE_MS_MAX, () => response.destroy(new Error('a follower heard nothing')));
  }

  /** Resolves with the time at which there were so many bytes in all; rejects when the answer ends before. */
  async has(bytes: number): Promise<number> {
    while (this.#bytes < bytes) {
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    return this.#lastMs;
  }

  close(): void {
    this.#response.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
