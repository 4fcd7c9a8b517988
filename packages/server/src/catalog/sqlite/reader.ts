/**
 * The catalog's reads on one connection: single statements, each over the newest commit. Synchronous, because SQLite
 * is; the gateway sees them through the asynchronous `Catalog`. Also used by the writer, inside its transactions.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Bucket, Extent, ListRequest, ListResult, Version } from '../catalog.ts';
import { successorOfPrefix } from '../key-order.ts';
import { listVersions } from './listing.ts';
import type { PageReader } from './listing.ts';
import {
  BUCKET_COLUMNS,
  EXTENT_COLUMNS,
  EXTENTS_WITH_VERSION,
  LISTED_COLUMNS,
  toBucket,
  toExtents,
  toListed,
  toVersion,
  VERSION_COLUMNS,
} from './rows.ts';

/** A key is hardly replaced so often between two statements: then something is wrong. */
const LOOKUP_TRIES = 1000;

export class SqliteReader {
  readonly #bucketByName: StatementSync;
  readonly #bucketsOfAll: StatementSync;
  readonly #bucketsOfOwner: StatementSync;
  readonly #currentVersion: StatementSync;
  readonly #firstExtents: StatementSync;
  readonly #extents: StatementSync;
  readonly #pages: PageReader;
  readonly #begin: StatementSync;
  readonly #end: StatementSync;

  constructor(db: DatabaseSync) {
    this.#begin = db.prepare('BEGIN');
    this.#end = db.prepare('COMMIT');
    this.#bucketByName = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE name = ?`);
    const buckets = `name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?`;
    this.#bucketsOfAll = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE ${buckets}`);
    this.#bucketsOfOwner = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE owner = ? AND ${buckets}`);
    this.#currentVersion = db.prepare(
      `SELECT ${VERSION_COLUMNS} FROM versions v WHERE bucket = ? AND place = 0 AND key = ?`,
    );
    this.#firstExtents = db.prepare(`
      SELECT ${EXTENT_COLUMNS} FROM extents e JOIN blobs b ON b.id = e.blob
      WHERE e.manifest = ? ORDER BY e.start LIMIT ${EXTENTS_WITH_VERSION}`);
    // From the last extent that starts at or before `start`, found by one probe.
    this.#extents = db.prepare(`
      SELECT ${EXTENT_COLUMNS} FROM extents e JOIN blobs b ON b.id = e.blob
      WHERE e.manifest = ?1 AND e.start < ?3
        AND e.start >= (SELECT max(start) FROM extents WHERE manifest = ?1 AND start <= ?2)
      ORDER BY e.start`);
    const page = (bound: string): StatementSync =>
      db.prepare(
        `SELECT ${LISTED_COLUMNS} FROM versions WHERE bucket = ? AND place = 0 AND ${bound} ORDER BY key LIMIT ?`,
      );
    const after = page('key > ?');
    const from = page('key >= ?');
    this.#pages = {
      after: (bucket, key, limit) => toListed(after.all(bucket, key, limit)),
      from: (bucket, key, limit) => toListed(from.all(bucket, key, limit)),
    };
  }

  findBucket(name: string): Bucket | undefined {
    const row = this.#bucketByName.get(name);
    return row === undefined ? undefined : toBucket(row);
  }

  listBuckets(request: { owner: string | undefined; prefix: string; after: string; limit: number }): {
    buckets: Bucket[];
    truncated: boolean;
  } {
    const { owner, prefix, after, limit } = request;
    // Bucket names are ASCII: '~' sorts after every character they may contain.
    const bounds = [after, prefix, successorOfPrefix(prefix) ?? '~', limit + 1] as const;
    const rows =
      owner === undefined ? this.#bucketsOfAll.all(...bounds) : this.#bucketsOfOwner.all(owner, ...bounds);
    const buckets = rows.slice(0, limit).map(toBucket);
    return { buckets, truncated: rows.length > limit };
  }

  findVersion(bucket: number, key: string): Version | undefined {
    const row = this.#currentVersion.get(bucket, key);
    return row === undefined ? undefined : toVersion(row);
  }

  /**
   * The current version of a key and its first extents. Two statements, hence two snapshots: but extents never change
   * and a manifest's number is never used again, so that they either belong together or, when the version was replaced
   * in between, are missing; then it is looked up anew.
   */
  findVersionWithExtents(bucket: number, key: string): { version: Version; extents: Extent[] } | undefined {
    for (let tries = 0; tries < LOOKUP_TRIES; tries++) {
      const version = this.findVersion(bucket, key);
      if (version === undefined) return undefined;
      if (version.manifest === null) return { version, extents: [] };
      const extents = toExtents(this.#firstExtents.all(version.manifest));
      if (extents.length === Math.min(version.extents, EXTENTS_WITH_VERSION)) return { version, extents };
    }
    throw new Error('the extents of a current version are missing: the catalog is damaged');
  }

  /** The extents of a manifest that overlap [start, end), in order. */
  extents(manifest: number, start: number, end: number): Extent[] {
    return toExtents(this.#extents.all(manifest, start, end));
  }

  /** One read transaction: a page is of one commit, and its seeks share the cost of the lock. Outside any other. */
  listVersions(request: ListRequest): ListResult {
    this.#begin.run();
    try {
      return listVersions(this.#pages, request);
    } finally {
      this.#end.run();
    }
  }
}
