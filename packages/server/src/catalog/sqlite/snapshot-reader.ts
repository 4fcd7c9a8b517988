/**
 * Reads of snapshots on one connection: which there are, and what a bucket held at one of them. What it held is walked
 * in key order in steps of bounded work, by a reader for a listing and by the writer for a fork.
 */

import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { parseSnapshotBucket } from '@cistern/protocol';
import type { Bucket, ListedVersion, ListRequest } from '../catalog.ts';
import { DamagedRow } from '../damaged-row.ts';
import { compareKeys, successorOfPrefix } from '../key-order.ts';
import type { Snapshot } from '../snapshots.ts';
import type { KeyCursor, ScanSource } from './listing.ts';
import { AFTER_ALL_TEXT, BUCKET_COLUMNS, LISTED_COLUMNS, prepareArrays, toBucket, toListed } from './rows.ts';
import { BUCKET_STATE, PLACE, PLACE_IS, SNAPSHOT_STATE } from './schema.ts';
import { rowIsWhole } from './table-sums.ts';

/** A moment of a bucket. */
export interface Moment {
  readonly bucket: number;
  readonly asOf: number;
  /** What was made later is passed over, whatever its number. */
  readonly untilMs: number;
}

export interface ShownVersion {
  readonly version: ListedVersion;
  readonly owner: string;
  readonly seq: number;
  readonly since: number;
  readonly place: number;
  readonly manifest: number | null;
}

/** Of the work of one step, rows of each place. */
const STEP_MAX = 1000;

/** After the columns of a listing. */
const ROW_COLUMNS = `${LISTED_COLUMNS}, seq, since, place, delete_marker, manifest, owner`;
const [SEQ, SINCE, PLACE_OF, MARKER, MANIFEST, OWNER] = [5, 6, 7, 8, 9, 10];
const MODIFIED = 3;

/** The keys of a place, each once, whatever history it has: from one straight to the next. */
const KEYS = `
  WITH RECURSIVE keys (key) AS (
    SELECT key FROM (SELECT key FROM versions WHERE bucket = ?1 AND ${PLACE_IS}?2 AND key >= ?3 AND key < ?4 ORDER BY key LIMIT 1)
    UNION ALL
    SELECT (SELECT v.key FROM versions v WHERE v.bucket = ?1 AND v.${PLACE_IS}?2 AND v.key > keys.key AND v.key < ?4
      ORDER BY v.key LIMIT 1) FROM keys WHERE keys.key IS NOT NULL
    LIMIT 0 + ?5
  )
  SELECT key FROM keys WHERE key IS NOT NULL`;

/** What is newest at the moment in one place, found from there by the primary key: `since` is never less than `seq`. */
const newestIn = (place: number): string => `
  SELECT * FROM (SELECT ${ROW_COLUMNS} FROM versions WHERE bucket = ?1 AND place = ${place} AND key = ?2 AND seq <= ?3
    AND since <= ?3 AND (retired_seq IS NULL OR retired_seq > ?3) AND modified_ms <= ?4 ORDER BY seq DESC LIMIT 1)`;

export class SnapshotReader {
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #exists: StatementSync;
  readonly #current: StatementSync;
  readonly #keys: StatementSync;
  readonly #newest: StatementSync;

  constructor(db: DatabaseSync) {
    const there = `state = ${SNAPSHOT_STATE.there}`;
    const whole = `${rowIsWhole('snapshots', 's')} AS wholeSnapshot`;
    this.#find = db.prepare(`SELECT b.*, s.seq, ${whole} FROM (SELECT ${BUCKET_COLUMNS} FROM buckets
      WHERE name = ? AND state = ${BUCKET_STATE.there}) b JOIN snapshots s ON s.bucket = b.id AND s.name = ? AND s.${there}`);
    this.#list = db.prepare(
      `SELECT name, seq, created_ms AS createdMs, ${whole} FROM snapshots s WHERE bucket = ? AND ${there} ORDER BY name`,
    );
    this.#exists = db.prepare(`SELECT 1 FROM snapshots WHERE bucket = ? AND seq = ? AND ${there}`);
    this.#current = prepareArrays(
      db,
      `SELECT ${ROW_COLUMNS} FROM versions WHERE bucket = ? AND place = ${PLACE.current} AND key >= ? AND key < ?
        ORDER BY key LIMIT 0 + ?`,
    );
    this.#keys = prepareArrays(db, KEYS);
    const places = Object.values(PLACE).map(newestIn).join(' UNION ALL ');
    this.#newest = prepareArrays(db, `${places} ORDER BY seq DESC LIMIT 1`);
  }

  /** The snapshot that is read as a bucket of this name. */
  find(name: string): Bucket | undefined {
    const parsed = parseSnapshotBucket(name);
    const row = parsed && this.#find.get(parsed.bucket, parsed.snapshot);
    if (row === undefined) return undefined;
    requireWhole(row, name);
    return { ...toBucket(row), name, asOf: row['seq'] as number };
  }

  list(bucket: number): Snapshot[] {
    const rows = this.#list.all(bucket) as unknown as (Snapshot & { readonly wholeSnapshot: number })[];
    return rows.map((row) => {
      requireWhole(row, row.name);
      const { name, seq, createdMs } = row;
      return { name, seq, createdMs };
    });
  }

  has(bucket: number, seq: number): boolean {
    return this.#exists.get(bucket, seq) !== undefined;
  }

  /**
   * What was shown of the next keys, in key order, from the one given: at most `limit`, and none when that many have
   * nothing to show.
   *
   * @returns also where the next step begins; undefined: there is nothing left
   */
  step(
    moment: Moment,
    { from, end = AFTER_ALL_TEXT, limit }: { from: string; end?: string | Uint8Array; limit: number },
  ): { shown: ShownVersion[]; next: string | undefined } {
    const { bucket, asOf, untilMs } = moment;
    const current = this.#current.all(bucket, from, end, limit) as unknown as unknown[][];
    const keysOf = (place: number): string[] =>
      this.#keys.all(bucket, place, from, end, limit).map((row) => (row as unknown as [string])[0]);
    const noncurrent = keysOf(PLACE.noncurrent);
    const retired = keysOf(PLACE.retired);
    // Beyond the last key of a list that was cut its place is not known.
    let bound: string | undefined;
    for (const keys of [current.map(keyOf), noncurrent, retired]) {
      const last = keys.length < limit ? undefined : keys.at(-1);
      if (last !== undefined && (bound === undefined || compareKeys(last, bound) < 0)) bound = last;
    }
    const within = (key: string): boolean => bound === undefined || compareKeys(key, bound) <= 0;
    const shown: ShownVersion[] = [];
    const older = new Set([...noncurrent, ...retired].filter(within));
    for (const row of current) {
      const key = keyOf(row);
      if (!within(key)) break;
      if (older.has(key)) continue;
      if ((row[SINCE] as number) <= asOf && (row[MODIFIED] as number) <= untilMs) shown.push(toShown(row));
    }
    for (const key of older) {
      const row = this.#newest.get(bucket, key, asOf, untilMs) as unknown as unknown[] | undefined;
      if (row !== undefined && row[MARKER] === 0) shown.push(toShown(row));
    }
    if (older.size > 0) shown.sort((a, b) => compareKeys(a.version.key, b.version.key));
    return { shown, next: bound === undefined ? undefined : after(bound) };
  }

  /** For a listing of one prefix, which it does not look beyond. */
  source({ bucket, prefix }: ListRequest, asOf: number): ScanSource<ListedVersion, KeyCursor> {
    const moment = { bucket, asOf, untilMs: Number.MAX_SAFE_INTEGER };
    const end = successorOfPrefix(prefix) ?? AFTER_ALL_TEXT;
    const page = (first: string, limit: number): ListedVersion[] => {
      const found: ListedVersion[] = [];
      let from: string | undefined = first;
      let size = limit;
      while (from !== undefined && found.length < limit) {
        const { shown, next } = this.step(moment, { from, end, limit: size });
        for (const { version } of shown) found.push(version);
        from = next;
        size = Math.min(size * 4, STEP_MAX);
      }
      return found.slice(0, limit);
    };
    return {
      page: (_, { key, inclusive }, limit) => page(inclusive ? key : after(key), limit),
      from: (key) => ({ key, inclusive: true }),
      after: (key) => ({ key, inclusive: false }),
      next: ({ key }) => ({ key, inclusive: false }),
      leaders: undefined,
    };
  }
}

/** @throws DamagedRow */
function requireWhole(row: { readonly wholeSnapshot?: unknown }, name: string): void {
  if (row.wholeSnapshot !== 1) throw new DamagedRow(`the snapshot ${name}`);
}

const keyOf = (row: unknown[]): string => row[0] as string;

/** The least key after that one. */
const after = (key: string): string => `${key}\0`;

function toShown(row: unknown[]): ShownVersion {
  return {
    version: toListed(row),
    owner: row[OWNER] as string,
    seq: row[SEQ] as number,
    since: row[SINCE] as number,
    place: row[PLACE_OF] as number,
    manifest: row[MANIFEST] as number | null,
  };
}
