/**
 * Listing with prefix and delimiter as a skip-scan: keys are read in pages, and as soon as one belongs to a common
 * prefix the scan seeks past that prefix. It costs what it returns, not what the bucket or the prefix holds.
 */

import type { ListedVersion, ListRequest, ListResult } from '../catalog.ts';
import { compareKeys, successorOfPrefix } from '../key-order.ts';

/** Current versions of a bucket in key order. */
export interface PageReader {
  after(bucket: number, key: string, limit: number): ListedVersion[];
  from(bucket: number, key: string, limit: number): ListedVersion[];
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

/** A page after common prefixes starts small, for more of them may follow, and grows while plain keys do. */
const PAGE_AFTER_PREFIX = 1;
const PAGE_MAX = 1001;

export function listObjects(pages: PageReader, request: ListRequest): ListResult {
  const { bucket, prefix, delimiter, limit } = request;
  const versions: ListedVersion[] = [];
  const commonPrefixes: string[] = [];
  let last = '';
  if (limit === 0) return { versions, commonPrefixes, truncated: false, last };

  const afterDelimiter = successorOfPrefix(delimiter);
  let cursor = startOf(request);
  let pageSize = delimiter === '' ? limit + 1 : Math.min(limit + 1, 128);
  const result = (truncated: boolean): ListResult => ({ versions, commonPrefixes, truncated, last });

  while (cursor !== undefined) {
    const size = Math.min(pageSize, PAGE_MAX);
    const page = cursor.inclusive
      ? pages.from(bucket, cursor.key, size)
      : pages.after(bucket, cursor.key, size);
    let skipTo: string | undefined;
    for (const row of page) {
      if (!row.key.startsWith(prefix)) return result(false);
      if (versions.length + commonPrefixes.length === limit) return result(true);
      const group = commonPrefixOf(row.key, request);
      if (group === undefined) {
        versions.push(row);
        last = row.key;
      } else {
        commonPrefixes.push(group);
        last = group;
        skipTo = successorOfPrefix(group);
        if (skipTo === undefined) return result(false);
        break;
      }
    }
    if (skipTo !== undefined) {
      cursor = { key: skipTo, inclusive: true };
      pageSize = PAGE_AFTER_PREFIX;
      if (afterDelimiter === undefined || pages.leaders === undefined) continue;
      // Common prefixes come in runs: one query seeks from each to the next.
      const room = limit - versions.length - commonPrefixes.length;
      const search = { bucket, from: skipTo, prefix, delimiter, afterDelimiter, limit: room + 1 };
      cursor = undefined;
      for (const key of pages.leaders(search)) {
        if (versions.length + commonPrefixes.length === limit) return result(true);
        const group = commonPrefixOf(key, request);
        if (group === undefined) {
          cursor = { key, inclusive: true };
          break;
        }
        commonPrefixes.push(group);
        last = group;
      }
    } else {
      const lastRow = page.at(-1);
      cursor =
        lastRow === undefined || page.length < size ? undefined : { key: lastRow.key, inclusive: false };
      pageSize *= 4;
    }
  }
  return result(false);
}

/**
 * Where the scan begins: at the prefix, or after `after`. A common prefix that `after` lies in has been passed: S3
 * does not return it again, so its remaining keys are skipped.
 */
function startOf(request: ListRequest): { key: string; inclusive: boolean } | undefined {
  const { prefix, after } = request;
  if (after === '' || compareKeys(after, prefix) < 0) return { key: prefix, inclusive: true };
  const group = after.startsWith(prefix) ? commonPrefixOf(after, request) : undefined;
  if (group === undefined) return { key: after, inclusive: false };
  const next = successorOfPrefix(group);
  return next === undefined ? undefined : { key: next, inclusive: true };
}

/** Of a key that begins with the prefix: all up to the first delimiter after it, or undefined without one. */
function commonPrefixOf(key: string, { prefix, delimiter }: ListRequest): string | undefined {
  const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return end === -1 ? undefined : key.slice(0, end + delimiter.length);
}
