/**
 * Where blobs are, by tier: the data directory, whose tier has no name, and the directories of storage classes, whose
 * tiers have those of the classes; and where and how new ones of a class are stored. It knows no blob.
 */

import type { BlobStoreConfig, StorageClassMap } from '../config.ts';
import type { BlobReader, BlobStore } from './blob-store.ts';
import { CODEC, openBlob, startIngest } from './codecs/codec.ts';
import type { Codec, StoredBlob } from './codecs/codec.ts';
import { FileBlobStore } from './files/file-blob-store.ts';
import type { Ingest, IngestOptions } from './ingest/blob-ingest.ts';
import type { SlabPool } from './ingest/slab-pool.ts';
import { FarBlobs } from './objects/far-blobs.ts';
import { DATA_TIER, STORE_TIER } from './tiers.ts';

export interface Placement {
  readonly tier: string;
  readonly codec: Codec;
}

export interface BlobTiersOptions {
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly blobs: BlobStoreConfig | null;
  /** Of those that read through a cache: which this is, and how many there are. */
  readonly reader?: { readonly index: number; readonly count: number };
}

export class BlobTiers {
  readonly #stores = new Map<string, BlobStore>();
  readonly #placements = new Map<string, Placement>();
  readonly #plain: Placement;
  readonly #far: FarBlobs | undefined;

  constructor({ dataDir, storageClasses, blobs, reader }: BlobTiersOptions) {
    // What was stored there before the server was given another store stays there.
    this.#stores.set(DATA_TIER, new FileBlobStore(dataDir));
    if (blobs !== null) {
      this.#far = new FarBlobs(blobs, reader);
      this.#stores.set(STORE_TIER, this.#far);
    }
    const tierOfMost = blobs === null ? DATA_TIER : STORE_TIER;
    this.#plain = { tier: tierOfMost, codec: CODEC.none };
    for (const [name, { directory, compression }] of Object.entries(storageClasses)) {
      // Classes that share a directory have an area each: the same content of both is two blobs, and two files.
      if (directory !== null) this.#stores.set(name, new FileBlobStore(directory, name));
      this.#placements.set(name, { tier: directory === null ? tierOfMost : name, codec: CODEC[compression] });
    }
  }

  /** Whether no class is stored otherwise than others. */
  get uniform(): boolean {
    return this.#placements.size === 0;
  }

  placement(storageClass: string): Placement {
    return this.#placements.get(storageClass) ?? this.#plain;
  }

  ingest({ tier, codec }: Placement, options: Omit<IngestOptions, 'store'>): Promise<Ingest> {
    return startIngest(codec, { store: this.#store(tier), ...options });
  }

  /**
   * As `BlobStore.open`, by positions of the bytes before the codec.
   *
   * @param pool for what a codec needs
   */
  open(
    blob: StoredBlob & { readonly tier: string },
    options: { pool: SlabPool; length: number },
  ): Promise<BlobReader> {
    return openBlob(this.#store(blob.tier), blob, options);
  }

  /** Idempotent. */
  delete({ tier, location }: { tier: string; location: string }): Promise<void> {
    return this.#store(tier).delete(location);
  }

  /** Lets go of what the store of blobs holds open. */
  async close(): Promise<void> {
    await this.#far?.close();
  }

  /** A start refuses a tier that the configuration does not have: while there are blobs of it. */
  #store(tier: string): BlobStore {
    const store = this.#stores.get(tier);
    if (store === undefined) throw new Error(`the storage class ${tier} has no directory`);
    return store;
  }
}
