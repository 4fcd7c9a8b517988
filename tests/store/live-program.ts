/**
 * A process of its own that writes or follows an upload of a store: told what by its arguments, tells how far it is in lines
 * of JSON, and waits where it says so for a line on its input.
 *
 * What is written follows from where it stands, so that any process can write and check any part of it.
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { openSpec } from '../support/open-spec.ts';
import type { StoreSpec } from '../support/open-spec.ts';

const MIB = 1024 * 1024;
/** One piece of what is written; its first bytes say where it stands. */
const BLOCK = Buffer.alloc(64 * 1024, 'what is live is read as it is written. ');

/** @param end the last piece may be short */
export function* livePieces(start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end;) {
    const index = Math.floor(at / BLOCK.byteLength);
    const piece = Buffer.from(BLOCK);
    piece.writeUInt32LE(index);
    const from = at - index * BLOCK.byteLength;
    const to = Math.min(BLOCK.byteLength, end - index * BLOCK.byteLength);
    yield piece.subarray(from, to);
    at += to - from;
  }
}

export function liveHash(size: number): string {
  const hash = createHash('sha256');
  for (const piece of livePieces(0, size)) hash.update(piece);
  return hash.digest('hex');
}

export interface LiveTask {
  readonly spec: StoreSpec;
  readonly key: string;
  /** `start`: half of it, then on until it is killed. `resume`: the rest, and completes. `bulk`: all of it, from a stream */
  readonly act: 'start' | 'resume' | 'follow' | 'bulk';
  readonly size: number;
  readonly id?: string;
  readonly partSize?: number;
}

function say(message: unknown): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

/** Bytes. The most that this process has had in memory so far. */
function peakBytes(): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
}

async function run({ spec, key, act, size, id, partSize }: LiveTask): Promise<void> {
  await using store = await openSpec(spec);
  if (act === 'start') {
    const up = await store.upload(key, { partSize });
    say({ id: up.id });
    const half = Math.floor(size / 2);
    for (const piece of livePieces(0, half)) await up.write(piece);
    say({ committed: await up.flush() });
    for (let at = half; ; at += MIB) {
      if (at < size - 2 * MIB) for (const piece of livePieces(at, at + MIB)) await up.write(piece);
      else await once(process.stdin, 'data');
      say({ at });
    }
  }
  if (act === 'resume') {
    const up = await store.upload(key, { resume: id });
    say({ committed: up.committed });
    for (const piece of livePieces(up.committed, size)) await up.write(piece);
    say({ committed: await up.flush() });
    await once(process.stdin, 'data');
    const { etag } = await up.complete({ mode: spec.kind === 'memory' ? 'overwrite' : 'create' });
    say({ etag });
  }
  if (act === 'follow') {
    const reader = await store.openUpload(key, id);
    const hash = createHash('sha256');
    let received = 0;
    for await (const chunk of reader.follow({ pollMs: 20 })) {
      hash.update(chunk);
      received += chunk.byteLength;
      say({ received });
    }
    await reader.close();
    say({ received, hash: hash.digest('hex') });
  }
  if (act === 'bulk') {
    const before = peakBytes();
    const up = await store.upload(key);
    await up.writeAll(
      (async function* () {
        for (const piece of livePieces(0, size)) yield await Promise.resolve(piece);
      })(),
    );
    await up.complete();
    say({ grownBytes: peakBytes() - before });
  }
}

const [task] = process.argv.slice(2);
if (import.meta.main && task !== undefined) {
  await run(JSON.parse(task) as LiveTask);
  process.exit(0);
}
