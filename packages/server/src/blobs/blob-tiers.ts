/**
 * Where blobs are, by tier: the data directory, whose tier has no name, and the directories of storage classes, whose
 * tiers have those of the classes; and where and how new ones of a class are stored. It knows no blob.
 */

import type { BlobStoreConfig, StorageClassMap } from '../config.ts';
import type { BlobReader, BlobStore } from './blob-store.ts';
import { blocksOf, CHECK_BLOCK_BYTES } from './checks/block-checks.ts';
import type { BlockChecks } from './checks/block-checks.ts';
import type { DamagedBlob } from './damaged-blob.ts';
import { CheckedReader } from './checks/checked-reader.ts';
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
  /** For those that read. */
  readonly checksOf?: ChecksOf;
  /** Told of each read that found a blob damaged, or not there. */
  readonly onDamage?: (blob: number, reason: string) => void;
}

export interface CheckedBlob extends StoredBlob {
  /** In the catalog. */
  readonly blob: number;
  readonly tier: string;
  /** False: it was stored before blobs had checks. */
  readonly checked: boolean;
}

export interface ReadOptions {
  /** For what a codec needs. */
  readonly pool: SlabPool;
  /** Bytes [start, end) of the blob, before the codec, will be read. */
  readonly start: number;
  readonly end: number;
}

/** The catalog's answer; rejects with `DamagedBlob` when it has not all of them. */
export type ChecksOf = (blob: number, blocks: { first: number; end: number }) => Promise<BlockChecks>;

export class BlobTiers {
  readonly #stores = new Map<string, BlobStore>();
  readonly #placements = new Map<string, Placement>();
  readonly #plain: Placement;
  readonly #far: FarBlobs | undefined;
  readonly #checksOf: ChecksOf;
  readonly #onDamage: (blob: number, reason: string) => void;

  constructor({ dataDir, storageClasses, blobs, reader, checksOf, onDamage }: BlobTiersOptions) {
    this.#onDamage = onDamage ?? (() => undefined);
    this.#checksOf = checksOf ?? (() => Promise.reject(new Error('this thread reads no blobs')));
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
   * As `BlobStore.open`, by positions of the bytes before the codec. Whoever reads keeps the blob's row until it is open.
   * What it gives was compared with the blob's checks, where it has them: what is stored since they are made does.
   */
  async open(blob: CheckedBlob, { pool, start, end }: ReadOptions): Promise<BlobReader> {
    const store = this.#store(blob.tier);
    if (!blob.checked) return openBlob(store, blob, { pool, length: end - start });
    const blocks = blocksOf(start, end);
    const checks = await this.#checksOf(blob.blob, blocks);
    const window = { first: blocks.first * CHECK_BLOCK_BYTES, end: blocks.end * CHECK_BLOCK_BYTES };
    const length = Math.min(blob.logical, window.end) - window.first;
    const onDamage = (error: DamagedBlob): void => this.#onDamage(blob.blob, error.message);
    const reader = await openBlob(store, blob, { pool, length }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'NotFound') this.#onDamage(blob.blob, 'it is not there');
      throw error;
    });
    return new CheckedReader(reader, { checks, logical: blob.logical, onDamage });
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
