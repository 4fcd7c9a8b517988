/** Where blobs are looked for, by tier: as `BlobTiers` keeps them. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ObjectStore } from '@cistern/store';
import { FileBlobStore } from '../blobs/files/file-blob-store.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { FarBlobs } from '../blobs/objects/far-blobs.ts';
import { BLOB_PREFIX, DATA_TIER, STORE_TIER } from '../blobs/tiers.ts';
import type { BlobStoreConfig, StorageClassMap } from '../config.ts';

export interface DirectoryPlace {
  readonly kind: 'directory';
  /** What `blobs/` and `tmp/` are in. */
  readonly root: string;
  /** A folder below `blobs/`; empty: all of it. */
  readonly area: string;
}

export interface StorePlace {
  readonly kind: 'store';
  readonly config: BlobStoreConfig;
}

export type BlobPlace = DirectoryPlace | StorePlace;

export type BlobPlaces = ReadonlyMap<string, BlobPlace>;

export interface BlobPlacesOptions {
  readonly dataDir: string;
  readonly storageClasses: StorageClassMap;
  readonly blobs: BlobStoreConfig | null;
}

export function blobPlaces({ dataDir, storageClasses, blobs }: BlobPlacesOptions): BlobPlaces {
  const places = new Map<string, BlobPlace>([[DATA_TIER, { kind: 'directory', root: dataDir, area: '' }]]);
  if (blobs !== null) places.set(STORE_TIER, { kind: 'store', config: blobs });
  for (const [name, { directory }] of Object.entries(storageClasses)) {
    if (directory !== null) places.set(name, { kind: 'directory', root: directory, area: name });
  }
  return places;
}

/** As a problem tells it: relative to the data directory, or with the directory of its class; the key in a store. */
export function pathOfBlob(place: BlobPlace | undefined, location: string): string {
  if (place === undefined) return location;
  if (place.kind === 'store') return BLOB_PREFIX + location;
  const path = join('blobs', place.area, location);
  return place.area === '' ? path : join(place.root, path);
}

/** Reads the blobs of places. */
export class PlaceReader {
  readonly #stores = new Map<string, FarBlobs>();

  blobsOf(place: BlobPlace): BlobStore {
    return place.kind === 'directory' ? new FileBlobStore(place.root, place.area) : this.#far(place);
  }

  /** The store itself, for what a blob store does not tell: sizes and listings. */
  async storeOf(place: StorePlace): Promise<ObjectStore> {
    return (await this.#far(place).objects()).open();
  }

  #far({ config }: StorePlace): FarBlobs {
    const known = this.#stores.get(config.url);
    if (known !== undefined) return known;
    const far = new FarBlobs(config);
    this.#stores.set(config.url, far);
    return far;
  }

  /** Bytes of a blob. Rejects when it is not there: `isMissing`. */
  async sizeOf(place: BlobPlace, location: string): Promise<number> {
    if (place.kind === 'directory') {
      return (await stat(join(place.root, 'blobs', place.area, location))).size;
    }
    const store = await this.storeOf(place);
    return (await store.get(BLOB_PREFIX + location, { head: true })).info.size;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stores.values()].map((far) => far.close()));
  }
}

/** Codes of errors that say that there is no such blob. */
export function isMissing(code: string): boolean {
  return code === 'ENOENT' || code === 'NotFound';
}
