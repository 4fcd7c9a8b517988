/**
 * Listing uploads with prefix and delimiter as a skip-scan, as objects are listed: what belongs to a common prefix is
 * seeked past. It costs what it returns.
 */

import { compareKeys, successorOfPrefix } from '../key-order.ts';
import type { ListedUpload, UploadListRequest, UploadListResult } from '../uploads.ts';
import { commonPrefixOf } from './listing.ts';

type Position = UploadListRequest['after'];

/** Open uploads of a bucket in the order of keys and numbers, after a position. */
type ReadPage = (bucket: number, after: Position, limit: number) => ListedUpload[];

const PAGE_MAX = 1001;
/** Beside a delimiter most of a page may belong to the first common prefix. */
const PAGE_WITH_DELIMITER = 16;

export function listUploads(readPage: ReadPage, request: UploadListRequest): UploadListResult {
  const { bucket, prefix, delimiter, limit } = request;
  const uploads: ListedUpload[] = [];
  const commonPrefixes: string[] = [];
  let last: Position = { key: '' };
  const result = (truncated: boolean): UploadListResult => ({ uploads, commonPrefixes, truncated, last });
  if (limit === 0) return result(false);

  let cursor = startOf(request);
  while (cursor !== undefined) {
    const room = limit - uploads.length - commonPrefixes.length;
    const size = Math.min(room + 1, delimiter === '' ? PAGE_MAX : PAGE_WITH_DELIMITER);
    const page: ListedUpload[] = readPage(bucket, cursor, size);
    const full = page.length === size;
    cursor = undefined;
    for (const upload of page) {
      if (!upload.key.startsWith(prefix)) return result(false);
      if (uploads.length + commonPrefixes.length === limit) return result(true);
      const group = commonPrefixOf(upload.key, request);
      if (group !== undefined) {
        commonPrefixes.push(group);
        last = { key: group };
        cursor = from(successorOfPrefix(group));
        if (cursor === undefined) return result(false);
        break;
      }
      uploads.push(upload);
      last = { key: upload.key, upload: upload.id };
      if (full) cursor = last;
    }
  }
  return result(false);
}

/** Before all uploads of a key. */
function from(key: string | undefined): Position | undefined {
  return key === undefined ? undefined : { key, upload: 0 };
}

/** At the prefix, or after what was returned last: the rest of a common prefix that it lies in is not returned again. */
function startOf(request: UploadListRequest): Position | undefined {
  const { prefix, after } = request;
  if (after.key === '' || compareKeys(after.key, prefix) < 0) return from(prefix);
  const group = after.key.startsWith(prefix) ? commonPrefixOf(after.key, request) : undefined;
  return group === undefined ? after : from(successorOfPrefix(group));
}
