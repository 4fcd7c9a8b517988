/** The rows: what a client does in each, and how much of it. */

import type { Client } from './clients/client.ts';

export interface Volume {
  /** milliseconds for which small objects are put and got */
  readonly durationMs: number;
  readonly objectBytes: number;
  readonly largeBytes: number;
  readonly keys: number;
}

export interface RowName {
  readonly id: string;
  readonly work: 'put' | 'get' | 'put-stream' | 'get-into' | 'list';
  readonly concurrency: number;
}

export const ROWS: readonly RowName[] = [
  { id: 'put 4 KiB x1', work: 'put', concurrency: 1 },
  { id: 'put 4 KiB x64', work: 'put', concurrency: 64 },
  { id: 'get 4 KiB x1', work: 'get', concurrency: 1 },
  { id: 'get 4 KiB x64', work: 'get', concurrency: 64 },
  { id: 'put 1 GiB from a stream', work: 'put-stream', concurrency: 1 },
  { id: 'get 1 GiB into memory', work: 'get-into', concurrency: 1 },
  { id: 'list 100,000 keys', work: 'list', concurrency: 1 },
];

/** Objects that gets read: written once before, by one of the clients. */
export const GET_KEYS = 500;
export const getKey = (index: number): string => `get/${index % GET_KEYS}`;
export const LARGE_KEY = 'large/object';
export const LIST_PREFIX = 'list/';
export const listKey = (index: number): string => `${LIST_PREFIX}${String(index).padStart(7, '0')}`;

export interface Done {
  /** operations, or keys */
  readonly operations: number;
  readonly bytes: number;
}

/** Does a row's work once. Throws when a result is not what it must be. */
export async function doWork(
  client: Client,
  { work, concurrency }: RowName,
  volume: Volume,
  seed: number,
): Promise<Done> {
  const { objectBytes, largeBytes } = volume;
  switch (work) {
    case 'put': {
      // No two are alike: nothing can be stored once for many.
      const bodies = Array.from({ length: concurrency }, () => fill(new Uint8Array(objectBytes), seed));
      const operations = await repeat(concurrency, volume.durationMs, async (index, worker) => {
        const body = bodies[worker] ?? new Uint8Array(objectBytes);
        new DataView(body.buffer).setFloat64(0, seed + index);
        await client.put(`put/${seed}/${index}`, body);
      });
      return { operations, bytes: operations * objectBytes };
    }
    case 'get': {
      const operations = await repeat(concurrency, volume.durationMs, async (index) => {
        const size = await client.get(getKey(index));
        if (size !== objectBytes) throw new Error(`${size} bytes instead of ${objectBytes}`);
      });
      return { operations, bytes: operations * objectBytes };
    }
    case 'put-stream':
      await client.putStream(`${LARGE_KEY}-${seed}`, largeBody(largeBytes, seed), largeBytes);
      return { operations: 1, bytes: largeBytes };
    case 'get-into': {
      const into = new Uint8Array(largeBytes);
      await client.getInto(LARGE_KEY, into);
      if (into[largeBytes - 1] !== LAST_BYTE) throw new Error('the end of the object is not there');
      return { operations: 1, bytes: largeBytes };
    }
    case 'list': {
      const count = await client.list(LIST_PREFIX);
      if (count !== volume.keys) throw new Error(`${count} keys instead of ${volume.keys}`);
      return { operations: count, bytes: 0 };
    }
  }
}

const LAST_BYTE = 0x5a;
const CHUNK_BYTES = 1024 * 1024;

/** `size` bytes that differ in each chunk and each run. The chunks are one memory, used again when the next is asked for. */
export async function* largeBody(size: number, seed: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < size; start += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, size - start));
    const view = new DataView(chunk.buffer);
    for (let at = 0; at + 8 <= chunk.byteLength; at += 4096) view.setFloat64(at, seed * 1e6 + start + at);
    if (start + chunk.byteLength === size) chunk[chunk.byteLength - 1] = LAST_BYTE;
    yield chunk;
  }
}

async function repeat(
  concurrency: number,
  durationMs: number,
  one: (index: number, worker: number) => Promise<void>,
): Promise<number> {
  const end = performance.now() + durationMs;
  let index = 0;
  const worker = async (number: number): Promise<void> => {
    while (performance.now() < end) await one(index++, number);
  };
  await Promise.all(Array.from({ length: concurrency }, (_, number) => worker(number)));
  return index;
}

function fill(bytes: Uint8Array, seed: number): Uint8Array {
  let state = seed >>> 0;
  for (let i = 0; i < bytes.byteLength; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
