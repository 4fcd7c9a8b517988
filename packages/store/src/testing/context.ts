/**
 * What every test of the contract is given: the store, and a place of its own in it. Tests can run at the same time, on a
 * store that holds other things: each keeps to keys below a random beginning, and takes away what it made.
 */

import assert from 'node:assert/strict';
import { collect } from '../body.ts';
import type { Capabilities } from '../capabilities.ts';
import { isStoreError } from '../errors.ts';
import type { StoreErrorCode } from '../errors.ts';
import type { GetOptions, ListEntry, ListOptions, ObjectStore } from '../object-store.ts';

const decoder = new TextDecoder();

export class Context {
  readonly store: ObjectStore;
  /** every key of this test begins with it */
  readonly prefix: string;

  constructor(store: ObjectStore) {
    this.store = store;
    this.prefix = `contract-${globalThis.crypto.randomUUID()}/`;
  }

  get can(): Capabilities {
    return this.store.capabilities;
  }

  key(name: string): string {
    return this.prefix + name;
  }

  async text(name: string, options?: GetOptions): Promise<string> {
    const read = await this.store.get(this.key(name), options);
    return decoder.decode(await collect(read.body));
  }

  async bytes(name: string, options?: GetOptions): Promise<Uint8Array> {
    const read = await this.store.get(this.key(name), options);
    return collect(read.body);
  }

  async exists(name: string): Promise<boolean> {
    try {
      await this.store.get(this.key(name), { head: true });
      return true;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return false;
      throw error;
    }
  }

  /** Names (without the test's own beginning) of what a listing gives; prefixes in brackets. */
  async names(options: ListOptions = {}): Promise<string[]> {
    const names: string[] = [];
    for await (const entry of this.list(options)) {
      const name = entry.type === 'object' ? entry.key : `[${entry.prefix}`;
      names.push(name.replace(this.prefix, '') + (entry.type === 'object' ? '' : ']'));
    }
    return names;
  }

  list(options: ListOptions = {}): AsyncIterable<ListEntry> {
    return this.store.list({
      ...options,
      prefix: this.key(options.prefix ?? ''),
      ...(options.startAfter === undefined ? {} : { startAfter: this.key(options.startAfter) }),
    });
  }

  /** Removes what the test left. */
  async clean(): Promise<void> {
    if (!this.can.write || !this.can.list) return;
    const keys: string[] = [];
    for await (const entry of this.list()) if (entry.type === 'object') keys.push(entry.key);
    for await (const { error } of this.store.delete(keys)) if (error !== undefined) throw error;
    if (!this.can.uploads) return;
    const uploads = [];
    for await (const upload of this.store.listUploads({ prefix: this.prefix })) uploads.push(upload);
    for (const { key, id } of uploads) await (await this.store.upload(key, { resume: id })).abort();
  }
}

/** The promise must reject with a StoreError of one of these codes. */
export async function rejects(promise: Promise<unknown>, ...codes: StoreErrorCode[]): Promise<void> {
  const outcome = await promise.then(
    () => 'nothing was thrown',
    (error: unknown) => error,
  );
  hasCode(outcome, ...codes);
}

/** What was thrown must be a StoreError of one of these codes. */
export function hasCode(thrown: unknown, ...codes: StoreErrorCode[]): void {
  if (isStoreError(thrown) && codes.includes(thrown.code)) return;
  assert.fail(`a StoreError ${codes.join(' or ')} was to be thrown; ${describe(thrown)}`);
}

function describe(outcome: unknown): string {
  if (isStoreError(outcome)) return `it was ${outcome.code}: ${outcome.message}`;
  return outcome instanceof Error ? `it was ${outcome.stack}` : String(outcome);
}

/** Runs an iterable to its end. */
export async function drain<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** Bytes that differ everywhere, so that a range in the wrong place shows. */
export function sample(size: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(size);
  let state = seed * 0x9e3779b1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** `bytes` as a stream that can be read once, in chunks. */
export async function* stream(bytes: Uint8Array, chunkBytes = 10_000): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    yield bytes.slice(start, start + chunkBytes);
  }
}

/** Compares without printing megabytes when it fails. */
export function sameBytes(found: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(found, expected) === 0) return;
  const at = expected.findIndex((byte, index) => found[index] !== byte);
  assert.fail(
    `bytes differ from ${at} on; there are ${found.byteLength}, and ${expected.byteLength} were expected`,
  );
}
