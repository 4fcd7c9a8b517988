/**
 * Where blobs are, by tier: the data directory, whose tier has no name, and the directories of storage classes, whose
 * tiers have those of the classes; and where and how new ones of a class are stored. It knows no blob.
 */

import type { StorageClassMap } from '../config.ts';
import type { BlobStore } from './blob-store.ts';
import type { Codec } from './codecs/codec.ts';
import { CODEC } from './codecs/codec.ts';
import { FileBlobStore } from './files/file-blob-store.ts';

/** The tier of the data directory. */
export const DATA_TIER = '';

export interface Placement {
  readonly tier: string;
  readonly codec: Codec;
}

const PLAIN: Placement = { tier: DATA_TIER, codec: CODEC.none };

export class BlobTiers {
  readonly #stores = new Map<string, BlobStore>();
  readonly #placements = new Map<string, Placement>();

  constructor({ dataDir, storageClasses }: { dataDir: string; storageClasses: StorageClassMap }) {
    this.#stores.set(DATA_TIER, new FileBlobStore(dataDir));
    for (const [name, { directory, compression }] of Object.entries(storageClasses)) {
      // Classes that share a directory have an area each: the same content of both is two blobs, and two files.
      if (directory !== null) this.#stores.set(name, new FileBlobStore(directory, name));
      this.#placements.set(name, { tier: directory === null ? DATA_TIER : name, codec: CODEC[compression] });
    }
  }

  /** @throws Error for a tier that the configuration does not have: a start refuses that while blobs are there */
  store(tier: string): BlobStore {
    const store = this.#stores.get(tier);
    if (store === undefined) throw new Error(`the storage class ${tier} has no directory`);
    return store;
  }

  placement(storageClass: string): Placement {
    return this.#placements.get(storageClass) ?? PLAIN;
  }
}
