/** Where blobs are looked for, by tier: as `BlobTiers` keeps them. */

import { join } from 'node:path';
import type { StorageClassMap } from '../config.ts';

export interface BlobPlace {
  /** What `blobs/` and `tmp/` are in. */
  readonly root: string;
  /** A folder below `blobs/`; empty: all of it. */
  readonly area: string;
}

export type BlobPlaces = ReadonlyMap<string, BlobPlace>;

export function blobPlaces(dataDir: string, classes: StorageClassMap): BlobPlaces {
  const places = new Map<string, BlobPlace>([['', { root: dataDir, area: '' }]]);
  for (const [name, { directory }] of Object.entries(classes)) {
    if (directory !== null) places.set(name, { root: directory, area: name });
  }
  return places;
}

/** As a problem tells it: relative to the data directory, or with the directory of its class. */
export function pathOfBlob(place: BlobPlace | undefined, location: string): string {
  if (place === undefined) return location;
  const path = join('blobs', place.area, location);
  return place.area === '' ? path : join(place.root, path);
}
