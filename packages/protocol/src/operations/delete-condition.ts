/**
 * @module Conditions on the version that is to be deleted: headers of DeleteObject, elements of DeleteObjects.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html, API_ObjectIdentifier.html. Dates have
 * whole seconds. What cannot be read is refused, never ignored: something would be deleted that should be kept.
 */

import { stripETag } from '../conditions.ts';
import { parseHttpDate } from '../dates.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';

export interface DeleteCondition {
  /** `*`: any, as long as there is an object. */
  readonly ifMatch?: string;
  /** At a whole second. */
  readonly modifiedMs?: number;
  readonly size?: number;
}

const OTHER_CONDITIONS = ['if-none-match', 'if-modified-since', 'if-unmodified-since'];

/** @throws S3Error NotImplemented for conditions that S3 does not take on a deletion, InvalidArgument */
export function parseDeleteCondition(headers: RawHeaders): DeleteCondition | null {
  for (const name of OTHER_CONDITIONS) {
    if (headers.has(name))
      throw new S3Error('NotImplemented', `${name} is not implemented for deletes.`, { Header: name });
  }
  return deleteCondition({
    etag: headers.get('if-match'),
    modified: headers.get('x-amz-if-match-last-modified-time'),
    size: headers.get('x-amz-if-match-size'),
  });
}

/** @throws S3Error NotImplemented (several ETags), InvalidArgument */
export function deleteCondition(text: {
  etag: string | undefined;
  modified: string | undefined;
  size: string | undefined;
}): DeleteCondition | null {
  const { etag, modified, size } = text;
  if (etag === undefined && modified === undefined && size === undefined) return null;
  return {
    ...(etag !== undefined && { ifMatch: parseETag(etag) }),
    ...(modified !== undefined && { modifiedMs: parseModified(modified) }),
    ...(size !== undefined && { size: parseSize(size) }),
  };
}

function parseETag(text: string): string {
  if (text.includes(','))
    throw new S3Error('NotImplemented', 'If-Match on a delete takes one ETag.', { Header: 'If-Match' });
  return stripETag(text);
}

function parseModified(text: string): number {
  const modifiedMs = parseHttpDate(text);
  if (modifiedMs === undefined)
    throw invalidArgument('The last modified time is no date.', 'LastModifiedTime', text);
  return modifiedMs;
}

function parseSize(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw invalidArgument('The size is no whole number.', 'Size', text);
  return Number(text);
}

/** Whether all that was asked for holds of the version that is there. */
export function deleteConditionHolds(
  object: { readonly etag: string; readonly modifiedMs: number; readonly size: number },
  { ifMatch, modifiedMs, size }: DeleteCondition,
): boolean {
  return (
    (ifMatch === undefined || ifMatch === '*' || ifMatch === object.etag) &&
    (modifiedMs === undefined || modifiedMs === object.modifiedMs - (object.modifiedMs % 1000)) &&
    (size === undefined || size === object.size)
  );
}
