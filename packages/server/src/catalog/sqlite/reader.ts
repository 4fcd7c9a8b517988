/**
 * The catalog's reads on one connection: single statements, each over the newest commit or inside the transaction that
 * the caller has open. Synchronous, because SQLite is; the gateway sees them through the asynchronous `Catalog`. Also
 * used by the writer, inside its transactions.
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
  prepareArrays,
  toBucket,
  toExtent,
  toJoinedExtent,
  toLeader,
  toListed,
  toVersion,
  VERSION_COLUMNS,
} from './rows.ts';

/** SQLite sorts every blob after every text. */
const AFTER_ALL_TEXT = new Uint8Array();

/** How long the part between prefix and delimiter is, plus one; 0: there is no delimiter. */
const STEM = 'instr(substr(CAST(leaders.key AS BLOB), ?4), ?5)';

/**
 * From the first key of a common prefix straight to the first one after it, which is the least that begins with what is
 * before the delimiter and goes on with `afterDelimiter`. By bytes, because SQLite's texts end at a NUL.
 */
const LEADERS = `
  WITH RECURSIVE leaders (key) AS (
    SELECT key
      FROM (SELECT key FROM versions WHERE bucket = ?1 AND place = 0 AND key >= ?2 AND key < ?3 ORDER BY key LIMIT 1)
    UNION ALL
    SELECT (
      SELECT v.key FROM versions v WHERE v.bucket = ?1 AND v.place = 0
        AND v.key >= CAST(substr(CAST(leaders.key AS BLOB), 1, ?4 + ${STEM} - 2) || ?6 AS TEXT) AND v.key < ?3
        ORDER BY v.key LIMIT 1
    ) FROM leaders WHERE leaders.key IS NOT NULL AND ${STEM} > 0
    LIMIT ?7
  )
  SELECT key FROM leaders WHERE key IS NOT NULL`;

/** A key is hardly replaced so often between two statements: then something is wrong. */
const LOOKUP_TRIES = 1000;

export class SqliteReader {
  readonly #bucketByName: StatementSync;
  readonly #bucketsOfAll: StatementSync;
  readonly #bucketsOfOwner: StatementSync;
  readonly #currentVersion: StatementSync;
  readonly #currentWithFirstExtent: StatementSync;
  readonly #firstExtents: StatementSync;
  readonly #extents: StatementSync;
  readonly #pages: PageReader;

  constructor(db: DatabaseSync) {
    this.#bucketByName = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE name = ?`);
    const buckets = `name > ? AND name >= ? AND name < ? ORDER BY name LIMIT ?`;
    this.#bucketsOfAll = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE ${buckets}`);
    this.#bucketsOfOwner = db.prepare(`SELECT ${BUCKET_COLUMNS} FROM buckets WHERE owner = ? AND ${buckets}`);
    this.#currentVersion = prepareArrays(
      db,
      `SELECT ${VERSION_COLUMNS} FROM versions v WHERE bucket = ? AND place = 0 AND key = ?`,
    );
    this.#currentWithFirstExtent = prepareArrays(
      db,
      `SELECT ${VERSION_COLUMNS}, ${EXTENT_COLUMNS} FROM versions v
        LEFT JOIN extents e ON e.manifest = v.manifest AND e.start = 0 LEFT JOIN blobs b ON b.id = e.blob
        WHERE v.bucket = ? AND v.place = 0 AND v.key = ?`,
    );
    this.#firstExtents = prepareArrays(
      db,
      `SELECT ${EXTENT_COLUMNS} FROM extents e JOIN blobs b ON b.id = e.blob
      WHERE e.manifest = ? ORDER BY e.start LIMIT ${EXTENTS_WITH_VERSION}`,
    );
    // From the last extent that starts at or before `start`, found by one probe.
    this.#extents = prepareArrays(
      db,
      `SELECT ${EXTENT_COLUMNS} FROM extents e JOIN blobs b ON b.id = e.blob
      WHERE e.manifest = ?1 AND e.start < ?3
        AND e.start >= (SELECT max(start) FROM extents WHERE manifest = ?1 AND start <= ?2)
      ORDER BY e.start`,
    );
    const page = (bound: string): StatementSync =>
      prepareArrays(
        db,
        `SELECT ${LISTED_COLUMNS} FROM versions WHERE bucket = ? AND place = 0 AND ${bound} ORDER BY key LIMIT ?`,
      );
    const after = page('key > ?');
    const from = page('key >= ?');
    const leaders = prepareArrays(db, LEADERS);
    this.#pages = {
      after: (bucket, key, limit) => after.all(bucket, key, limit).map(toListed),
      from: (bucket, key, limit) => from.all(bucket, key, limit).map(toListed),
      leaders: ({ bucket, from: first, prefix, delimiter, afterDelimiter, limit }) => {
        const bytes = Buffer.from(delimiter);
        const end = successorOfPrefix(prefix) ?? AFTER_ALL_TEXT;
        const start = Buffer.byteLength(prefix) + 1;
        return leaders.all(bucket, first, end, start, bytes, afterDelimiter, limit).map(toLeader);
      },
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
   * The current version of a key and its first extents. An object of one extent, as nearly all are, takes one statement;
   * others take two, hence two snapshots: but extents never change and a manifest's number is never used again, so that
   * they either belong together or, when the version was replaced in between, are missing; then it is looked up anew.
   */
  findVersionWithExtents(bucket: number, key: string): { version: Version; extents: Extent[] } | undefined {
    for (let tries = 0; tries < LOOKUP_TRIES; tries++) {
      const row = this.#currentWithFirstExtent.get(bucket, key);
      if (row === undefined) return undefined;
      const version = toVersion(row);
      if (version.manifest === null) return { version, extents: [] };
      const first = toJoinedExtent(row);
      if (first === undefined) break;
      if (version.extents === 1) return { version, extents: [first] };
      const extents = this.#firstExtents.all(version.manifest).map(toExtent);
      if (extents.length === Math.min(version.extents, EXTENTS_WITH_VERSION)) return { version, extents };
    }
    throw new Error('the extents of a current version are missing: the catalog is damaged');
  }

  /** The extents of a manifest that overlap [start, end), in order. */
  extents(manifest: number, start: number, end: number): Extent[] {
    return this.#extents.all(manifest, start, end).map(toExtent);
  }

  /** Several statements: to be called in a transaction, so that a page is of one commit. */
  listVersions(request: ListRequest): ListResult {
    return listVersions(this.#pages, request);
  }
}
