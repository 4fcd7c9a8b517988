/**
 * Blocks of objects in the cache's store, the least used of them given up when they are too many. It knows one state of each
 * key, and keeps blocks of no other. Nothing here fails: a store that does not answer, or not rightly, has no such block.
 */

import { collect, streamSource } from '../../body.ts';
import type { ObjectInfo, ObjectStore } from '../../object-store.ts';
import { blockEnd, blockName, keyName, parseBlockName, readBlock, stateName } from './block-format.ts';

/** Bytes on their way into the store; when it is slower than the origin, blocks beyond these are not kept. */
const PENDING_BYTES_MAX = 32 * 1024 * 1024;
/** What a block may have beside its bytes, at most: more is none of ours. */
const END_BYTES_MAX = 64 * 1024;

export interface CachedBlock {
  readonly bytes: Uint8Array;
  /** others have the same memory: it must not be given to somebody who may change it */
  readonly shared: boolean;
}

export class BlockCache {
  readonly #store: ObjectStore;
  readonly #bytesMax: number;
  readonly #blockBytes: number;
  /** stored bytes of each block by its name, the one used last at the end */
  readonly #blocks = new Map<string, number>();
  /** the state of each key, by their names, and which of its blocks are stored */
  readonly #states = new Map<string, { readonly state: string; readonly indexes: Set<number> }>();
  readonly #pending = new Map<string, Uint8Array>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  #pendingBytes = 0;
  #bytes = 0;
  #ready: Promise<void> | undefined;

  constructor(store: ObjectStore, bytesMax: number, blockBytes: number) {
    this.#store = store;
    this.#bytesMax = bytesMax;
    this.#blockBytes = blockBytes;
  }

  /** Resolves when it is known what the store holds from before. */
  ready(): Promise<void> {
    return (this.#ready ??= this.#load().catch(() => undefined));
  }

  /** The state that is cached of `key`, with what was known of it when it was. */
  async infoOf(key: string): Promise<ObjectInfo | undefined> {
    await this.ready();
    const known = this.#states.get(keyName(key));
    const index = known?.indexes.values().next().value;
    if (known === undefined || index === undefined) return undefined;
    const block = await this.#readStored(blockName(known.state, index));
    return block?.info.key === key ? block.info : undefined;
  }

  /** From now on blocks of this state are kept, and those of another one are gone. To be called when it is `ready`. */
  keep(info: ObjectInfo): void {
    const key = keyName(info.key);
    const state = stateName(info);
    if (this.#states.get(key)?.state === state) return;
    this.#track(this.#delete(this.#drop(key)));
    this.#states.set(key, { state, indexes: new Set() });
  }

  /** Removes what is cached of a key. Resolves when it is gone from the store, too. */
  async forget(key: string): Promise<void> {
    await this.ready();
    await this.#delete(this.#drop(keyName(key)));
  }

  has(info: ObjectInfo, index: number): boolean {
    const name = blockName(stateName(info), index);
    return this.#pending.has(name) || this.#blocks.has(name);
  }

  async read(info: ObjectInfo, index: number): Promise<CachedBlock | undefined> {
    const name = blockName(stateName(info), index);
    const pending = this.#pending.get(name);
    if (pending !== undefined) return { bytes: pending, shared: true };
    const block = await this.#readStored(name);
    if (block === undefined) return undefined;
    const length = Math.min(this.#blockBytes, info.size - index * this.#blockBytes);
    if (block.bytes.byteLength === length && block.info.etag === info.etag)
      return { bytes: block.bytes, shared: false };
    // Kept by a cache with blocks of another size.
    await this.#delete([name]);
    return undefined;
  }

  /** Keeps a block if its state is the one to keep. `bytes` must not change any more. */
  add(info: ObjectInfo, index: number, bytes: Uint8Array): void {
    const state = stateName(info);
    const name = blockName(state, index);
    if (this.#states.get(keyName(info.key))?.state !== state || this.has(info, index)) return;
    if (this.#pendingBytes + bytes.byteLength > PENDING_BYTES_MAX) return;
    this.#pending.set(name, bytes);
    this.#pendingBytes += bytes.byteLength;
    this.#track(
      this.#put(name, bytes, info).finally(() => {
        this.#pending.delete(name);
        this.#pendingBytes -= bytes.byteLength;
      }),
    );
  }

  /** Ends what is on its way into the store; what is not there yet is not kept. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#tasks);
  }

  /** @returns the blocks of a key that is not known any more */
  #drop(key: string): string[] {
    const known = this.#states.get(key);
    this.#states.delete(key);
    return known === undefined ? [] : [...known.indexes].map((index) => blockName(known.state, index));
  }

  async #put(name: string, bytes: Uint8Array, info: ObjectInfo): Promise<void> {
    const end = blockEnd(name, bytes, info);
    const size = bytes.byteLength + end.byteLength;
    await this.#store.put(name, streamSource(chunksOf(bytes, end), size), { signal: this.#closing.signal });
    const known = this.#states.get(keyName(info.key));
    const parsed = parseBlockName(name);
    if (parsed === undefined) return;
    this.#bytes += size;
    this.#blocks.set(name, size);
    if (known?.state === parsed.state) known.indexes.add(parsed.index);
    else await this.#delete([name]);
    await this.#evict();
  }

  async #readStored(name: string): Promise<ReturnType<typeof readBlock>> {
    const size = this.#blocks.get(name);
    if (size === undefined) return undefined;
    try {
      const read = await this.#store.get(name);
      const stored = await collect(read.body, this.#blockBytes + END_BYTES_MAX);
      const block = readBlock(name, stored);
      if (block !== undefined) {
        // Used last. Unless it was given up meanwhile.
        if (this.#blocks.delete(name)) this.#blocks.set(name, size);
        return block;
      }
    } catch {
      // Not there, or not to be had: it is as if it had never been kept.
    }
    await this.#delete([name]);
    return undefined;
  }

  async #evict(): Promise<void> {
    const names: string[] = [];
    let bytes = this.#bytes;
    for (const [name, size] of this.#blocks) {
      if (bytes <= this.#bytesMax) break;
      bytes -= size;
      names.push(name);
    }
    await this.#delete(names);
  }

  async #delete(names: readonly string[]): Promise<void> {
    for (const name of names) {
      this.#bytes -= this.#blocks.get(name) ?? 0;
      this.#blocks.delete(name);
      const parsed = parseBlockName(name);
      const known = parsed && this.#states.get(parsed.key);
      if (known === undefined || known.state !== parsed?.state) continue;
      known.indexes.delete(parsed.index);
    }
    if (names.length === 0) return;
    try {
      await Array.fromAsync(this.#store.delete(names));
    } catch {
      // It takes room until the cache is opened again.
    }
  }

  /** Finds what an earlier process has left. */
  async #load(): Promise<void> {
    const found: { name: string; key: string; state: string; index: number; size: number; time: number }[] =
      [];
    for await (const entry of this.#store.list()) {
      const parsed = entry.type === 'object' ? parseBlockName(entry.key) : undefined;
      if (entry.type !== 'object' || parsed === undefined) continue;
      found.push({ name: entry.key, ...parsed, size: entry.size, time: entry.lastModified.getTime() });
    }
    found.sort((a, b) => a.time - b.time);
    // The last state of a key that was kept is the one: what stands before it was being removed.
    const states = new Map(found.map(({ key, state }) => [key, state]));
    const old: string[] = [];
    for (const { name, key, state, index, size } of found) {
      if (states.get(key) !== state) {
        old.push(name);
        continue;
      }
      this.#blocks.set(name, size);
      this.#bytes += size;
      const known = this.#states.get(key) ?? { state, indexes: new Set() };
      known.indexes.add(index);
      this.#states.set(key, known);
    }
    this.#track(this.#delete(old).then(() => this.#evict()));
  }

  #track(task: Promise<void>): void {
    const tracked = task
      .catch(() => undefined)
      .finally(() => {
        this.#tasks.delete(tracked);
      });
    this.#tasks.add(tracked);
  }
}

async function* chunksOf(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) if (chunk.byteLength > 0) yield await Promise.resolve(chunk);
}
