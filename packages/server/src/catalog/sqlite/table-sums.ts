/**
 * The sums of rows that are few, or seldom read: of buckets, snapshots and uploads. SQL makes and compares them, by a
 * function that every connection defines. A row that is wrong stays so when it is changed.
 */

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import { crc32 as crc32OfText } from 'node:zlib';

/** All that a client is told, or that something is kept by. `snapshot_seq` follows from the snapshots. */
const SUMMED = {
  buckets: ['id', 'name', 'owner', 'region', 'scope', 'created_ms', 'versioning', 'tags', 'state'],
  snapshots: ['bucket', 'name', 'seq', 'created_ms', 'state'],
  uploads: [
    'id',
    'bucket',
    'key',
    'state',
    'live',
    'initiated_ms',
    'active_ms',
    'ended_ms',
    'owner',
    'initiator',
    'storage_class',
    'attributes',
    'tags',
    'checksum_algorithm',
    'checksum_type',
    'version_seq',
    'etag',
    'checksum_value',
    'part_list',
  ],
} as const;

type SummedTable = keyof typeof SUMMED;
type Changes<T extends SummedTable> = Partial<Record<(typeof SUMMED)[T][number], string>>;

/** SQL: the sum of a row with those columns, each an expression; by default that of the row of the statement. */
export function tableSum<T extends SummedTable>(table: T, columns: Changes<T> = {}): string {
  const given: Partial<Record<string, string>> = columns;
  return `row_sum(${SUMMED[table].map((name) => given[name] ?? name).join(', ')})`;
}

/** SQL: the sum of a row of which those columns change to those expressions. */
export function changedSum<T extends SummedTable>(table: T, changes: Changes<T>): string {
  return `CASE WHEN sum = ${tableSum(table)} THEN ${tableSum(table, changes)} ELSE sum END`;
}

/** SQL: 1 when the row `r` is what was written. */
export function rowIsWhole(table: SummedTable, r: string): string {
  return `(${r}.sum IS row_sum(${SUMMED[table].map((name) => `${r}.${name}`).join(', ')}))`;
}

export function defineTableSums(db: DatabaseSync): void {
  // A number that a disk has changed may be more than a double holds.
  const options = { deterministic: true, varargs: true, useBigIntArguments: true };
  db.function('row_sum', options, (...values) => crc32OfText(values.map(textOf).join('\0')));
}

const textOf = (value: SQLOutputValue): string =>
  value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
