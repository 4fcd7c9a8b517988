/**
 * Listing of everything that S3 shows of a bucket: all versions and delete markers, those of one key from the newest to
 * the oldest. The same skip-scan as for current objects, over two places at once, whose rows the statements merge: a page
 * costs two seeks and what it returns, however many versions a key has.
 */

import type { HistoryEntry, HistoryRequest, HistoryResult } from '../catalog.ts';
import { commonPrefixOf, scan, startAfterKey } from './listing.ts';
import type { LeaderSearch, ScanSource } from './listing.ts';

/** Of one row; whether it is the latest is told by the rows before it. */
export type HistoryRow = Omit<HistoryEntry, 'latest'>;

/** Rows of the current and the noncurrent place, merged, in the order of keys and of each the newest first. */
export interface HistoryReader {
  /** Of that key, only those older than `before`. */
  ofKey(bucket: number, key: string, before: number, limit: number): HistoryRow[];
  after(bucket: number, key: string, limit: number): HistoryRow[];
  from(bucket: number, key: string, limit: number): HistoryRow[];
  leaders(search: LeaderSearch): string[];
  /** The number of the key's latest version. */
  latest(bucket: number, key: string): number | undefined;
  nullVersion(bucket: number, key: string): number | undefined;
}

interface HistoryCursor {
  readonly key: string;
  /** The rest of that key comes first: what is older than this. */
  readonly before?: number;
  readonly inclusive: boolean;
}

export function listHistory(reader: HistoryReader, request: HistoryRequest): HistoryResult {
  const source: ScanSource<HistoryRow, HistoryCursor> = {
    page: (bucket, { key, before, inclusive }, limit) => {
      if (inclusive) return reader.from(bucket, key, limit);
      if (before === undefined) return reader.after(bucket, key, limit);
      const rest = reader.ofKey(bucket, key, before, limit);
      if (rest.length < limit) rest.push(...reader.after(bucket, key, limit - rest.length));
      return rest;
    },
    from: (key) => ({ key, inclusive: true }),
    after: (key) => ({ key, inclusive: false }),
    next: ({ key, seq }) => ({ key, before: seq, inclusive: false }),
    leaders: (search) => reader.leaders(search),
  };
  const { rows, commonPrefixes, truncated, last } = scan(source, request, startOf(reader, source, request));
  let previous: string | undefined;
  const entries = rows.map((row): HistoryEntry => {
    // Of a key that the page begins with, newer versions may have been on the page before.
    const latest =
      previous === undefined ? reader.latest(request.bucket, row.key) === row.seq : row.key !== previous;
    previous = row.key;
    return { ...row, latest };
  });
  return { entries, commonPrefixes, truncated, last: markerOf(last) };
}

/** A null version is told by its number, too: the next page finds its place also when it is gone by then. */
function markerOf(last: HistoryRow | string | undefined): HistoryResult['last'] {
  if (last === undefined) return { key: '' };
  return typeof last === 'string' ? { key: last } : { key: last.key, version: last.seq };
}

function startOf(
  reader: HistoryReader,
  source: ScanSource<HistoryRow, HistoryCursor>,
  request: HistoryRequest,
): HistoryCursor | undefined {
  const { bucket, prefix, after } = request;
  const { key, version } = after;
  const within =
    version !== undefined && key.startsWith(prefix) && commonPrefixOf(key, request) === undefined;
  if (!within) return startAfterKey(source, request, key);
  const seq = version === 'null' ? reader.nullVersion(bucket, key) : version;
  // A null version that is gone has no place any more: the key is begun anew, so that nothing of it is left out.
  return seq === undefined ? source.from(key) : { key, before: seq, inclusive: false };
}
