/**
 * Listing with prefix and delimiter as a skip-scan: keys are read in pages, and as soon as one belongs to a common
 * prefix the scan seeks past that prefix. It costs what it returns, not what the bucket or the prefix holds.
 */

import type { ListedVersion, ListRequest, ListResult } from '../catalog.ts';
import { compareKeys, successorOfPrefix } from '../key-order.ts';

/** Rows of a bucket in key order, and where a page of them begins. */
export interface ScanSource<Row extends { readonly key: string }, Cursor> {
  page(bucket: number, cursor: Cursor, limit: number): Row[];
  /** At the first row of that key or of a later one. */
  from(key: string): Cursor;
  /** At the first row of a later key. */
  after(key: string): Cursor;
  /** At the row that follows that one. */
  next(row: Row): Cursor;
  /** Undefined: it does no better than a page for each. */
  readonly leaders: ((search: LeaderSearch) => string[]) | undefined;
}

/**
 * Asks for the first key of each common prefix, from `from` on and before the end of `prefix`: at most `limit`, and up
 * to and with the first key that has no delimiter after the prefix.
 */
export interface LeaderSearch {
  readonly bucket: number;
  readonly from: string;
  readonly prefix: string;
  readonly delimiter: string;
  /** The least string after all that begin with the delimiter. */
  readonly afterDelimiter: string;
  readonly limit: number;
}

/** What is asked for of a listing of either kind. */
interface ScanRequest {
  readonly bucket: number;
  readonly prefix: string;
  readonly delimiter: string;
  readonly limit: number;
}

interface ScanResult<Row> {
  readonly rows: Row[];
  readonly commonPrefixes: string[];
  readonly truncated: boolean;
  /** The row or common prefix returned last; undefined: there is none. */
  readonly last: Row | string | undefined;
}

/** Where there is a delimiter: nearly always the first key has it already. */
const FIRST_PAGE = 16;
/** A page after common prefixes starts small, for more of them may follow, and grows while plain keys do. */
const PAGE_AFTER_PREFIX = 1;
const PAGE_MAX = 1001;

/** @param start where to begin; undefined: there is nothing to come */
export function scan<Row extends { readonly key: string }, Cursor>(
  source: ScanSource<Row, Cursor>,
  request: ScanRequest,
  start: Cursor | undefined,
): ScanResult<Row> {
  const { bucket, prefix, delimiter, limit } = request;
  const rows: Row[] = [];
  const commonPrefixes: string[] = [];
  let last: Row | string | undefined;
  if (limit === 0) return { rows, commonPrefixes, truncated: false, last };

  const afterDelimiter = successorOfPrefix(delimiter);
  let cursor = start;
  let pageSize = delimiter === '' ? limit + 1 : Math.min(limit + 1, FIRST_PAGE);
  const result = (truncated: boolean): ScanResult<Row> => ({ rows, commonPrefixes, truncated, last });

  while (cursor !== undefined) {
    const size = Math.min(pageSize, PAGE_MAX);
    const page = source.page(bucket, cursor, size);
    let skipTo: string | undefined;
    for (const row of page) {
      if (!row.key.startsWith(prefix)) return result(false);
      if (rows.length + commonPrefixes.length === limit) return result(true);
      const group = commonPrefixOf(row.key, request);
      if (group === undefined) {
        rows.push(row);
        last = row;
      } else {
        commonPrefixes.push(group);
        last = group;
        skipTo = successorOfPrefix(group);
        if (skipTo === undefined) return result(false);
        break;
      }
    }
    if (skipTo !== undefined) {
      cursor = source.from(skipTo);
      pageSize = PAGE_AFTER_PREFIX;
      if (afterDelimiter === undefined || source.leaders === undefined) continue;
      // Common prefixes come in runs: one query seeks from each to the next.
      const room = limit - rows.length - commonPrefixes.length;
      const search = { bucket, from: skipTo, prefix, delimiter, afterDelimiter, limit: room + 1 };
      cursor = undefined;
      for (const key of source.leaders(search)) {
        if (rows.length + commonPrefixes.length === limit) return result(true);
        const group = commonPrefixOf(key, request);
        if (group === undefined) {
          cursor = source.from(key);
          break;
        }
        commonPrefixes.push(group);
        last = group;
      }
    } else {
      const lastRow = page.at(-1);
      cursor = lastRow === undefined || page.length < size ? undefined : source.next(lastRow);
      pageSize *= 4;
    }
  }
  return result(false);
}

/** Where a page of current versions begins. */
export interface KeyCursor {
  readonly key: string;
  readonly inclusive: boolean;
}

export function listObjects(source: ScanSource<ListedVersion, KeyCursor>, request: ListRequest): ListResult {
  const start = startAfterKey(source, request, request.after);
  const { rows, commonPrefixes, truncated, last } = scan(source, request, start);
  return {
    versions: rows,
    commonPrefixes,
    truncated,
    last: last === undefined ? '' : typeof last === 'string' ? last : last.key,
  };
}

/**
 * Where the scan begins: at the prefix, or after `after`. A common prefix that `after` lies in has been passed: S3
 * does not return it again, so its remaining keys are skipped.
 */
export function startAfterKey<Cursor>(
  source: Pick<ScanSource<never, Cursor>, 'from' | 'after'>,
  request: Omit<ScanRequest, 'bucket' | 'limit'>,
  after: string,
): Cursor | undefined {
  const { prefix } = request;
  if (after === '' || compareKeys(after, prefix) < 0) return source.from(prefix);
  const group = after.startsWith(prefix) ? commonPrefixOf(after, request) : undefined;
  if (group === undefined) return source.after(after);
  const next = successorOfPrefix(group);
  return next === undefined ? undefined : source.from(next);
}

/** Of a key that begins with the prefix: all up to the first delimiter after it, or undefined without one. */
export function commonPrefixOf(
  key: string,
  { prefix, delimiter }: { readonly prefix: string; readonly delimiter: string },
): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end === -1 ? undefined : key.slice(0, end + delimiter.length);
}
