/**
 * The store that a server was given for its blobs, loaded when it is first used: a server that keeps its blobs in files
 * pays nothing for it, in time or in memory.
 */

import type { BlobStoreConfig } from '../../config.ts';
import type { BlobReader, BlobStore, BlobWriter } from '../blob-store.ts';
import type { BlobObjects } from './blob-objects.ts';

export class FarBlobs implements BlobStore {
  readonly #config: BlobStoreConfig;
  readonly #reader: { readonly index: number; readonly count: number } | undefined;
  #loaded: Promise<{ readonly blobs: BlobStore; readonly objects: BlobObjects }> | undefined;

  /** @param reader which of the threads this is that read through a cache; undefined: nothing is kept */
  constructor(config: BlobStoreConfig, reader?: { readonly index: number; readonly count: number }) {
    this.#config = config;
    this.#reader = reader;
  }

  async create(size: number): Promise<BlobWriter> {
    return (await this.#load()).blobs.create(size);
  }

  async open(location: string, length: number): Promise<BlobReader> {
    return (await this.#load()).blobs.open(location, length);
  }

  async delete(location: string): Promise<void> {
    return (await this.#load()).blobs.delete(location);
  }

  /** The store itself, for what a blob store does not tell. */
  async objects(): Promise<BlobObjects> {
    return (await this.#load()).objects;
  }

  async close(): Promise<void> {
    await (await this.#loaded)?.objects.close();
  }

  #load(): Promise<{ readonly blobs: BlobStore; readonly objects: BlobObjects }> {
    return (this.#loaded ??= (async () => {
      const [{ BlobObjects: Objects }, { ObjectBlobStore }] = await Promise.all([
        import('./blob-objects.ts'),
        import('./object-blob-store.ts'),
      ]);
      const objects = new Objects(this.#config, this.#reader);
      return { objects, blobs: new ObjectBlobStore(() => objects.open()) };
    })());
  }
}
