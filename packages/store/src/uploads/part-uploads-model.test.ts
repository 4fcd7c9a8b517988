/**
 * Random writers, crashes and followers of one upload, over a store whose calls fail before or after they took effect, or
 * take effect long after they failed. Each run is told by its seed, but for the followers' timers.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { MemoryStore } from '../backends/memory/memory-store.ts';
import { collect, concat, toSource } from '../body.ts';
import { isStoreError, StoreError } from '../errors.ts';
import { rawObjects } from './part-memory-store.testing.ts';
import type { PartObjects } from './part-objects.ts';
import { PartUploads } from './part-uploads.ts';
import type { Upload, UploadReader } from '../upload.ts';

const PART_BYTES = 8;
const KEY = 'k';

/** A small generator (mulberry32): the run is its seed's. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  async ticks(): Promise<void> {
    for (let left = this.below(6); left > 0; left--) await Promise.resolve();
  }
}

const lost = (): StoreError => new StoreError('Unavailable', 'the answer was lost');

/** The calls of a process: what fails, and when it takes effect, is the seed's. */
function faulty(raw: PartObjects, random: Random, late: (() => Promise<unknown>)[]): PartObjects {
  const write = async <T>(act: () => Promise<T>): Promise<T> => {
    await random.ticks();
    const fate = random.below(30);
    if (fate === 0) throw lost();
    if (fate === 1) {
      late.push(act);
      throw lost();
    }
    const result = await act();
    await random.ticks();
    if (fate === 2) throw lost();
    return result;
  };
  const wrapped: PartObjects = {
    ...raw,
    put: async (key, body, options) => {
      // The bytes are on their way when the caller is told that it failed.
      const bytes = (await collect(toSource(body).open())).slice();
      return write(() => raw.put(key, bytes, options));
    },
    get: async (key, options) => {
      await random.ticks();
      if (random.below(60) === 0) throw lost();
      return raw.get(key, options);
    },
    async *list(options) {
      for await (const entry of raw.list(options)) {
        await random.ticks();
        yield entry;
      }
    },
  };
  const compose = raw.compose?.bind(raw);
  if (compose === undefined) return wrapped;
  return { ...wrapped, compose: (key, parts, options) => write(() => compose(key, [...parts], options)) };
}

class World {
  readonly random: Random;
  readonly raw: PartObjects;
  readonly late: (() => Promise<unknown>)[] = [];
  /** bytes that a writer was told are committed, or complete */
  readonly acknowledged: { readonly bytes: Uint8Array; readonly whole: boolean }[] = [];
  readonly readers: UploadReader[] = [];
  readonly followed: Promise<void>[] = [];
  readonly ends: { readonly bytes: Uint8Array; readonly error: unknown }[] = [];
  #writers = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    const inner = new MemoryStore();
    const capabilities = { ...inner.capabilities, serverSideComplete: this.random.below(2) === 0 };
    this.raw = rawObjects(inner, capabilities);
  }

  get sound(): PartUploads {
    return new PartUploads(this.raw, { partSize: PART_BYTES });
  }

  get process(): PartUploads {
    return new PartUploads(faulty(this.raw, this.random, this.late), {
      partSize: PART_BYTES,
      concurrency: 1 + this.random.below(3),
    });
  }

  /** One process that writes, and may end anywhere. */
  async write(id: string, upload: Upload, before: Uint8Array): Promise<void> {
    const { random } = this;
    const mark = ++this.#writers;
    const written = [before];
    const acknowledge = (size: number, whole: boolean): void => {
      this.acknowledged.push({ bytes: concat(written).slice(0, size), whole });
    };
    assert.equal(upload.id, id);
    try {
      for (let left = random.below(8); left > 0; left--) {
        const bytes = new Uint8Array(random.below(20)).fill(mark);
        written.push(bytes);
        await upload.write(bytes);
        if (random.below(3) === 0) acknowledge(await upload.flush(), false);
        acknowledge(upload.committed, false);
      }
      if (random.below(4) > 0) return;
      for (let left = 1 + random.below(2); left > 0; left--) {
        const mode = random.below(2) === 0 ? 'create' : 'overwrite';
        try {
          acknowledge((await upload.complete({ mode })).size, true);
          return;
        } catch (error) {
          if (!isStoreError(error, 'Unavailable') && !isStoreError(error, 'AlreadyExists')) throw error;
        }
      }
    } catch (error) {
      told(error);
    }
  }

  async resume(id: string): Promise<void> {
    try {
      const upload = await this.process.upload(KEY, { resume: id });
      await this.write(id, upload, await this.#read(id, upload.committed));
    } catch (error) {
      told(error);
    }
  }

  follow(reader: UploadReader): void {
    this.readers.push(reader);
    const chunks: Uint8Array[] = [];
    const toEnd = async (): Promise<void> => {
      let failure: unknown;
      try {
        for await (const chunk of reader.follow({ pollMs: 1 })) {
          chunks.push(chunk);
          await this.random.ticks();
        }
      } catch (error) {
        told(error);
        failure = error;
      }
      this.ends.push({ bytes: concat(chunks), error: failure });
    };
    this.followed.push(toEnd());
  }

  async #read(id: string, size: number): Promise<Uint8Array> {
    await using reader = await this.sound.openUpload(KEY, id);
    return size === 0 ? new Uint8Array(0) : await collect(reader.read({ start: 0, end: size }));
  }

  async land(): Promise<void> {
    // It may be refused by now.
    await this.late
      .splice(this.random.below(this.late.length), 1)[0]?.()
      .catch(() => undefined);
  }
}

/** What processes may be told. Anything else would be a fault of ours. */
function told(error: unknown): void {
  const codes = ['Unavailable', 'Conflict', 'NotFound', 'AlreadyExists'] as const;
  if (!codes.some((code) => isStoreError(error, code))) throw error;
}

async function run(seed: number): Promise<void> {
  const world = new World(seed);
  try {
    await play(world);
  } finally {
    for (const reader of world.readers) await reader.close();
  }
}

async function play(world: World): Promise<void> {
  const { random } = world;
  const first = await world.sound.upload(KEY);
  const { id } = first;
  await first.detach();
  world.follow(await world.sound.openUpload(KEY, id));
  for (let left = 6; left > 0; left--) {
    const acts: Promise<void>[] = [];
    for (let count = 1 + random.below(3); count > 0; count--) acts.push(world.resume(id));
    if (random.below(2) === 0) acts.push(world.land());
    await Promise.all(acts);
    // Followers that begin later, some on a bad line.
    await (random.below(2) === 0 ? world.sound : world.process).openUpload(KEY, id).then(
      (reader) => world.follow(reader),
      (error: unknown) => told(error),
    );
  }
  // Whatever happened, somebody can end it.
  const last = await world.sound.upload(KEY, { resume: id }).catch((error: unknown) => told(error));
  await last?.complete();
  await Promise.all(world.followed);
  while (world.late.length > 0) await world.land();

  const object = await collect((await world.raw.get(KEY)).body);
  for (const { bytes, whole } of world.acknowledged) {
    assert.deepEqual(object.subarray(0, bytes.byteLength), bytes, 'what was acknowledged is in the object');
    if (whole) assert.equal(object.byteLength, bytes.byteLength, 'and a complete object stays as it is');
  }
  for (const { bytes, error } of world.ends) {
    assert.deepEqual(object.subarray(0, bytes.byteLength), bytes, 'a follower has a beginning of the object');
    if (error === undefined) assert.equal(bytes.byteLength, object.byteLength, 'or the whole of it');
  }
}

suite('uploads made of part objects, against a model', () => {
  test('what is acknowledged stays, and followers have a beginning of the object or are told', async () => {
    await fc.assert(fc.asyncProperty(fc.integer(), run), { numRuns: 150 });
  });
});
