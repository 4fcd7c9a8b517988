/** Walks all versions in the order of their primary key, which runs down in one of its columns, in slices. */

import type { StatementSync } from 'node:sqlite';
import type { FsckContext } from './context.ts';
import { OutOfOrder, SLICE_ROWS } from './slices.ts';

/** What the walk itself needs of a row. */
export interface WalkedVersion {
  readonly bucket: number;
  readonly place: number;
  readonly key: string;
  readonly seq: number;
  readonly since: number;
}

/**
 * @param columns of `versions v` and what is joined to it, beside those of WalkedVersion
 * @param visit called in a transaction, with rows that have the columns asked for
 */
export async function walkVersions(
  { db, slices, findings }: FsckContext,
  { columns, joins = '' }: { columns: string; joins?: string },
  visit: (row: WalkedVersion) => void,
): Promise<void> {
  const select = `SELECT v.bucket, v.place, v.key, v.seq, v.since, ${columns} FROM versions v ${joins}
    WHERE v.bucket = ?1 AND v.place = ?2`;
  const order = `ORDER BY v.key, v.seq DESC, v.since LIMIT ${SLICE_ROWS}`;
  const nextPlace = db.prepare(
    'SELECT bucket, place FROM versions WHERE (bucket, place) > (?, ?) ORDER BY bucket, place LIMIT 1',
  );
  const sameKey = db.prepare(
    `${select} AND v.key = ?3 AND v.seq <= ?4 AND (v.seq < ?4 OR v.since > ?5) ${order}`,
  );
  const laterKeys = db.prepare(`${select} AND v.key > ?3 ${order}`);
  const rowsOf = (statement: StatementSync, ...values: (string | number)[]): WalkedVersion[] =>
    statement.all(...values) as unknown as WalkedVersion[];

  let at = { bucket: -1, place: 0 };
  let last: WalkedVersion | undefined;
  const page = (): boolean => {
    if (last === undefined) {
      const next = nextPlace.get(at.bucket, at.place) as { bucket: number; place: number } | undefined;
      if (next === undefined) return false;
      if (next.bucket < at.bucket || (next.bucket === at.bucket && next.place <= at.place))
        throw new OutOfOrder();
      at = next;
    }
    const rows =
      last === undefined ? [] : rowsOf(sameKey, at.bucket, at.place, last.key, last.seq, last.since);
    if (rows.length < SLICE_ROWS) rows.push(...rowsOf(laterKeys, at.bucket, at.place, last?.key ?? ''));
    for (const row of rows) visit(row);
    const newest = rows.at(-1);
    if (last !== undefined && newest !== undefined && !isBefore(last, newest)) throw new OutOfOrder();
    last = newest;
    return true;
  };
  while (await slices.read(page)) findings.progress();
}

/** In the order of the primary key. */
function isBefore(one: WalkedVersion, other: WalkedVersion): boolean {
  const keys = Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
  if (keys !== 0) return keys < 0;
  return one.seq === other.seq ? one.since < other.since : one.seq > other.seq;
}
