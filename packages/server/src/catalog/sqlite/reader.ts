/**
 * The catalog's reads on one connection: single statements, each over the newest commit or inside the transaction that
 * the caller has open. Synchronous, because SQLite is; the gateway sees them through the asynchronous `Catalog`. Also
 * used by the writer, inside its transactions.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type {
  Bucket,
  Extent,
  HistoryRequest,
  HistoryResult,
  ListedBucket,
  ListedVersion,
  ListRequest,
  ListResult,
  Version,
  VersionChoice,
  VersionId,
} from '../catalog.ts';
import { SUM_BYTES } from '../../blobs/checks/block-checks.ts';
import type { BlockChecks } from '../../blobs/checks/block-checks.ts';
import { DamagedBlob } from '../../blobs/damaged-blob.ts';
import { EXTENTS_PAGE } from '../extents.ts';
import { successorOfPrefix } from '../key-order.ts';
import { listHistory } from './history-listing.ts';
import type { HistoryReader } from './history-listing.ts';
import { listObjects } from './listing.ts';
import type { KeyCursor, LeaderSearch, ScanSource } from './listing.ts';
import {
  AFTER_ALL_TEXT,
  BUCKET_COLUMNS,
  EXTENT_COLUMNS,
  EXTENTS_WITH_VERSION,
  HISTORY_COLUMNS,
  LISTED_BUCKET_COLUMNS,
  LISTED_COLUMNS,
  prepareArrays,
  toBucket,
  toExtent,
  toHistoryRow,
  toJoinedExtent,
  toLeader,
  toListed,
  toVersion,
  VERSION_COLUMNS,
} from './rows.ts';
import { BUCKET_STATE, CHECKS_IN_ROW, PLACE } from './schema.ts';
import { SnapshotReader } from './snapshot-reader.ts';
import { rowIsWhole } from './table-sums.ts';

/** How long the part between prefix and delimiter is, plus one; 0: there is no delimiter. */
const STEM = 'instr(substr(CAST(leaders.key AS BLOB), ?4), ?5)';

/**
 * From the first key of a common prefix straight to the first one after it, which is the least that begins with what is
 * before the delimiter and goes on with `afterDelimiter`. By bytes, because SQLite's texts end at a NUL.
 */
const leadersOf = (firstKey: (from: string) => string): string => `
  WITH RECURSIVE leaders (key) AS (
    SELECT key FROM (${firstKey('?2')})
    UNION ALL
    SELECT (${firstKey(`CAST(substr(CAST(leaders.key AS BLOB), 1, ?4 + ${STEM} - 2) || ?6 AS TEXT)`)})
      FROM leaders WHERE leaders.key IS NOT NULL AND ${STEM} > 0
    LIMIT 0 + ?7
  )
  SELECT key FROM leaders WHERE key IS NOT NULL`;

const firstKeyOf = (place: number, from: string): string =>
  `SELECT v.key AS key FROM versions v WHERE v.bucket = ?1 AND v.place = ${place} AND v.key >= ${from} AND v.key < ?3
    ORDER BY v.key LIMIT 1`;

const LEADERS = leadersOf((from) => firstKeyOf(PLACE.current, from));

/** Of two places: the lesser one of two seeks. */
const HISTORY_LEADERS = leadersOf(
  (from) => `SELECT min(key) AS key FROM (SELECT key FROM (${firstKeyOf(PLACE.current, from)})
    UNION ALL SELECT key FROM (${firstKeyOf(PLACE.noncurrent, from)}))`,
);

const NO_CHOICE: VersionChoice = {};

export class SqliteReader {
  readonly snapshots: SnapshotReader;
  readonly #bucketByName: StatementSync;
  readonly #name: StatementSync;
  readonly #bucketsOfAll: StatementSync;
  readonly #bucketsOfOwner: StatementSync;
  readonly #currentVersion: StatementSync;
  readonly #newestNoncurrent: StatementSync;
  readonly #versionBySeq: StatementSync;
  readonly #nullVersion: StatementSync;
  readonly #versionAsOf: StatementSync;
  readonly #currentWithFirstExtent: StatementSync;
  readonly #firstExtents: StatementSync;
  readonly #extents: StatementSync;
  readonly #checks: StatementSync;
  readonly #current: ScanSource<ListedVersion, KeyCursor>;
  readonly #history: HistoryReader;

  constructor(db: DatabaseSync) {
    this.snapshots = new SnapshotReader(db);
    this.#bucketByName = db.prepare(`SELECT ${BUCKET_COLUMNS}, state FROM buckets WHERE name = ?`);
    this.#name = db.prepare(
      `SELECT owner, state = ${BUCKET_STATE.there} AS there FROM buckets WHERE name = ?`,
    );
    const buckets = `(state = ${BUCKET_STATE.there} OR NOT ${rowIsWhole('buckets', 'buckets')})
      AND name > ? AND name >= ? AND name < ? ORDER BY name LIMIT 0 + ?`;
    this.#bucketsOfAll = db.prepare(`SELECT ${LISTED_BUCKET_COLUMNS} FROM buckets WHERE ${buckets}`);
    this.#bucketsOfOwner = db.prepare(
      `SELECT ${LISTED_BUCKET_COLUMNS} FROM buckets WHERE owner = ? AND ${buckets}`,
    );
    const version = (which: string): StatementSync =>
      prepareArrays(db, `SELECT ${VERSION_COLUMNS} FROM versions v WHERE bucket = ?1 AND ${which}`);
    this.#currentVersion = version('place = 0 AND key = ?2');
    this.#newestNoncurrent = version('place = 1 AND key = ?2 ORDER BY seq DESC LIMIT 1');
    this.#versionBySeq = version('place IN (0, 1) AND key = ?2 AND seq = ?3');
    this.#nullVersion = version('place = 1 AND key = ?2 AND is_null = 1');
    // `since` is never less than `seq`: the newer ones are left out by the primary key.
    const newestAsOf = Object.values(PLACE).map(
      (
        place,
      ) => `SELECT * FROM (SELECT ${VERSION_COLUMNS} FROM versions v WHERE bucket = ?1 AND place = ${place} AND key = ?2
        AND seq <= ?3 AND since <= ?3 AND (retired_seq IS NULL OR retired_seq > ?3) ORDER BY seq DESC LIMIT 1)`,
    );
    this.#versionAsOf = prepareArrays(db, `${newestAsOf.join(' UNION ALL ')} ORDER BY seq DESC LIMIT 1`);
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
      ORDER BY e.start LIMIT ${EXTENTS_PAGE}`,
    );
    this.#checks = prepareArrays(
      db,
      'SELECT first, sums FROM blob_checks WHERE blob = ? AND first >= ? AND first < ? ORDER BY first',
    );
    const page = (bound: string): StatementSync =>
      prepareArrays(
        db,
        `SELECT ${LISTED_COLUMNS} FROM versions WHERE bucket = ? AND place = 0 AND ${bound} ORDER BY key LIMIT 0 + ?`,
      );
    const after = page('key > ?');
    const from = page('key >= ?');
    this.#current = {
      page: (bucket, { key, inclusive }, limit) =>
        (inclusive ? from : after).all(bucket, key, limit).map(toListed),
      from: (key) => ({ key, inclusive: true }),
      after: (key) => ({ key, inclusive: false }),
      next: ({ key }) => ({ key, inclusive: false }),
      leaders: leaderSearch(db, LEADERS),
    };
    this.#history = this.#historyReader(db);
  }

  #historyReader(db: DatabaseSync): HistoryReader {
    // Both places come in this order from the primary key, and are merged as they come.
    const rows = (bound: string): StatementSync => {
      const place = (number: number): string =>
        `SELECT ${HISTORY_COLUMNS} FROM versions WHERE bucket = ?1 AND place = ${number} AND ${bound}`;
      const both = `${place(PLACE.current)} UNION ALL ${place(PLACE.noncurrent)}`;
      return prepareArrays(db, `${both} ORDER BY key, seq DESC LIMIT 0 + ?3`);
    };
    const ofKey = rows('key = ?2 AND seq < ?4');
    const after = rows('key > ?2');
    const from = rows('key >= ?2');
    return {
      ofKey: (bucket, key, before, limit) => ofKey.all(bucket, key, limit, before).map(toHistoryRow),
      after: (bucket, key, limit) => after.all(bucket, key, limit).map(toHistoryRow),
      from: (bucket, key, limit) => from.all(bucket, key, limit).map(toHistoryRow),
      leaders: leaderSearch(db, HISTORY_LEADERS),
      latest: (bucket, key) => this.findVersion(bucket, key)?.seq,
      nullVersion: (bucket, key) => this.findVersion(bucket, key, { version: 'null' })?.seq,
    };
  }

  /** Also a snapshot, under the name that it is read as. */
  findBucket(name: string): Bucket | undefined {
    const row = this.#bucketByName.get(name);
    if (row === undefined) return this.snapshots.find(name);
    const bucket = toBucket(row);
    return row['state'] === BUCKET_STATE.there ? bucket : undefined;
  }

  /** Who has that name; no snapshot. Also of a bucket that nobody sees, and of one that the disk has changed: it is taken. */
  findName(name: string): { owner: string; there: boolean } | undefined {
    const row = this.#name.get(name) as { owner: string; there: number } | undefined;
    return row === undefined ? undefined : { owner: row.owner, there: row.there === 1 };
  }

  listBuckets(request: { owner: string | undefined; prefix: string; after: string; limit: number }): {
    buckets: ListedBucket[];
    truncated: boolean;
  } {
    const { owner, prefix, after, limit } = request;
    // Bucket names are ASCII: '~' sorts after every character they may contain.
    const bounds = [after, prefix, successorOfPrefix(prefix) ?? '~', limit + 1] as const;
    const rows =
      owner === undefined ? this.#bucketsOfAll.all(...bounds) : this.#bucketsOfOwner.all(owner, ...bounds);
    const buckets = rows.slice(0, limit) as unknown as ListedBucket[];
    return { buckets, truncated: rows.length > limit };
  }

  /** The latest version of a key or the one that is chosen: it may be a delete marker. */
  findVersion(bucket: number, key: string, choice: VersionChoice = NO_CHOICE): Version | undefined {
    const { version, asOf = null } = choice;
    if (asOf === null && version !== undefined) return this.#chosenVersion(bucket, key, version);
    const row =
      asOf === null
        ? (this.#currentVersion.get(bucket, key) ?? this.#newestNoncurrent.get(bucket, key))
        : this.#versionAsOf.get(bucket, key, asOf);
    if (row === undefined) return undefined;
    const found = toVersion({ bucket, key }, row);
    if (version === undefined) return found;
    return version === (found.isNull ? 'null' : found.seq) ? found : undefined;
  }

  #chosenVersion(bucket: number, key: string, version: VersionId): Version | undefined {
    if (version !== 'null') {
      const row = this.#versionBySeq.get(bucket, key, version);
      const found = row === undefined ? undefined : toVersion({ bucket, key }, row);
      // Its number is no version id: it is called null.
      return found?.isNull === true ? undefined : found;
    }
    const current = this.#currentVersion.get(bucket, key);
    const found = current === undefined ? undefined : toVersion({ bucket, key }, current);
    if (found?.isNull === true) return found;
    const row = this.#nullVersion.get(bucket, key);
    return row === undefined ? undefined : toVersion({ bucket, key }, row);
  }

  /**
   * The same version with its first extents. A current one of one extent, as nearly all are, takes one statement; others
   * take several: to be called in a transaction, so that they belong together.
   */
  findVersionWithExtents(
    bucket: number,
    key: string,
    choice: VersionChoice = NO_CHOICE,
  ): { version: Version; extents: Extent[] } | undefined {
    if (choice.version === undefined && (choice.asOf ?? null) === null) {
      const row = this.#currentWithFirstExtent.get(bucket, key);
      if (row !== undefined) {
        const version = toVersion({ bucket, key }, row);
        const first = toJoinedExtent(row);
        if (version.extents === 0) return { version, extents: [] };
        if (version.extents === 1 && first !== undefined) return { version, extents: [first] };
        return { version, extents: this.#extentsOf(version) };
      }
    }
    const version = this.findVersion(bucket, key, choice);
    return version === undefined ? undefined : { version, extents: this.#extentsOf(version) };
  }

  /** Its manifest may go on: another version has more of it. */
  #extentsOf({ manifest, extents }: Version): Extent[] {
    if (manifest === null) return [];
    const first = this.#firstExtents.all(manifest).slice(0, extents).map(toExtent);
    if (first.length === Math.min(extents, EXTENTS_WITH_VERSION)) return first;
    throw new Error('the extents of a version are missing: the catalog is damaged');
  }

  /** The first extents of a manifest that overlap [start, end), in order: a page at most. */
  extents(manifest: number, start: number, end: number): Extent[] {
    return this.#extents.all(manifest, start, end).map(toExtent);
  }

  /** @throws DamagedBlob when they are not all there */
  blobChecks(blob: number, { first, end }: { first: number; end: number }): BlockChecks {
    const from = first - (first % CHECKS_IN_ROW);
    const rows = this.#checks.all(blob, from, end) as unknown as [first: number, sums: Uint8Array][];
    const sums =
      rows.length === 1 && rows[0] !== undefined ? rows[0][1] : Buffer.concat(rows.map((row) => row[1]));
    // All but the last row of a blob are full, and so each is where it belongs, or one is missing.
    const gap = rows.some(([at], i) => at !== from + i * CHECKS_IN_ROW);
    if (gap || sums.byteLength < (end - from) * SUM_BYTES)
      throw new DamagedBlob('its checks are not all there');
    return { first: from, sums };
  }

  /** Several statements: to be called in a transaction, so that a page is of one commit. */
  listObjects(request: ListRequest): ListResult {
    const { asOf = null } = request;
    return listObjects(asOf === null ? this.#current : this.snapshots.source(request, asOf), request);
  }

  /** As `listObjects`. */
  listVersions(request: HistoryRequest): HistoryResult {
    return listHistory(this.#history, request);
  }
}

function leaderSearch(db: DatabaseSync, sql: string): (search: LeaderSearch) => string[] {
  const statement = prepareArrays(db, sql);
  return ({ bucket, from, prefix, delimiter, afterDelimiter, limit }) => {
    const bytes = Buffer.from(delimiter);
    const end = successorOfPrefix(prefix) ?? AFTER_ALL_TEXT;
    const start = Buffer.byteLength(prefix) + 1;
    return statement.all(bucket, from, end, start, bytes, afterDelimiter, limit).map(toLeader);
  };
}
