/** The shapes of rows as SQLite gives them back, and their way into the catalog's types. */

import type { Bucket, Extent, ListedVersion, Version } from '../catalog.ts';

export const BUCKET_COLUMNS = 'id, name, owner, region, scope, created_ms AS createdMs';

export const VERSION_COLUMNS = `v.key, v.seq, v.modified_ms AS modifiedMs, v.size, v.etag, v.storage_class AS storageClass,
  v.owner, v.manifest, v.extents, v.checksum_algorithm AS checksumAlgorithm, v.checksum_value AS checksumValue, v.tags,
  v.attributes`;

export const LISTED_COLUMNS = `key, size, etag, modified_ms AS modifiedMs, storage_class AS storageClass, owner,
  checksum_algorithm AS checksumAlgorithm`;

/** A manifest of up to this many extents is read together with its version, and kept by the reader. */
export const EXTENTS_WITH_VERSION = 16;

export const EXTENT_COLUMNS = 'e.start, e.length, e.offset, b.location, b.data';

// The columns above are named after the fields and the tables are STRICT: what SQLite returns has these types.
export const toBucket = (row: unknown): Bucket => row as Bucket;
export const toVersion = (row: unknown): Version => row as Version;
export const toListed = (rows: unknown): ListedVersion[] => rows as ListedVersion[];
export const toExtents = (rows: unknown): Extent[] => rows as Extent[];
