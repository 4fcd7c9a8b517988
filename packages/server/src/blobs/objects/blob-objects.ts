/**
 * The store that a server was given for its blobs, as one thread uses it: opened when it is first needed, with what
 * is read kept nearby. Blobs never change, so what is kept is never asked for again.
 */

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { open } from '@cistern/store';
import type { ObjectStore } from '@cistern/store';
import type { BlobStoreConfig } from '../../config.ts';

export class BlobObjects {
  readonly #config: BlobStoreConfig;
  readonly #reader: { readonly index: number; readonly count: number } | undefined;
  #opened: Promise<ObjectStore> | undefined;

  /** @param reader which of the threads this is that read through a cache; undefined: nothing is kept */
  constructor(config: BlobStoreConfig, reader?: { readonly index: number; readonly count: number }) {
    this.#config = config;
    this.#reader = reader;
  }

  /** A failure is not remembered: the next asker tries again. */
  open(): Promise<ObjectStore> {
    if (this.#opened !== undefined) return this.#opened;
    const opened = this.#build();
    this.#opened = opened;
    opened.catch(() => (this.#opened = undefined));
    return opened;
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.then(
      (store) => store.close(),
      () => undefined,
    );
  }

  async #build(): Promise<ObjectStore> {
    const { url, cache } = this.#config;
    const store = await open(url);
    if (this.#reader === undefined || cache.bytes === 0) return store;
    const { cache: cached } = await import('@cistern/store/layers');
    const { index, count } = this.#reader;
    // Threads share nothing but the disk, and each keeps account of its own.
    const near =
      cache.directory === null
        ? await open('mem:')
        : await open(pathToFileURL(join(cache.directory, `${index}`)));
    return cached({ store: near, bytes: Math.floor(cache.bytes / count), immutable: true }, store);
  }
}
