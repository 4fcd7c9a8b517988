/** Where blobs are looked for, by tier: as `BlobTiers` keeps them. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FileBlobStore } from '../blobs/files/file-blob-store.ts';
import type { BlobStore } from '../blobs/blob-store.ts';
import { BlobObjects } from '../blobs/objects/blob-objects.ts';
import { BLOB_PREFIX, ObjectBlobStore } from '../blobs/objects/object-blob-store.ts';
import { DATA_TIER, STORE_TIER } from '../blobs/tiers.ts';
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
  readonly #stores = new Map<string, BlobObjects>();

  blobsOf(place: BlobPlace): BlobStore {
    if (place.kind === 'directory') return new FileBlobStore(place.root, place.area);
    return new ObjectBlobStore(() => this.objectsOf(place).open());
  }

  /** The store itself, for what a blob store does not tell: sizes and listings. */
  objectsOf({ config }: StorePlace): BlobObjects {
    const known = this.#stores.get(config.url);
    if (known !== undefined) return known;
    const objects = new BlobObjects(config);
    this.#stores.set(config.url, objects);
    return objects;
  }

  /** Bytes of a blob. Rejects when it is not there: `isMissing`. */
  async sizeOf(place: BlobPlace, location: string): Promise<number> {
    if (place.kind === 'directory') {
      return (await stat(join(place.root, 'blobs', place.area, location))).size;
    }
    const store = await this.objectsOf(place).open();
    return (await store.get(BLOB_PREFIX + location, { head: true })).info.size;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#stores.values()].map((objects) => objects.close()));
  }
}

/** Codes of errors that say that there is no such blob. */
export function isMissing(code: string): boolean {
  return code === 'ENOENT' || code === 'NotFound';
}
