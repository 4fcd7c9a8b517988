/**
 * @module Conditional requests.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html, RFC 9110 section 13: an
 * ETag condition that is there takes the place of the date condition beside it.
 */

import { parseHttpDate } from './dates.ts';
import { S3Error } from './errors.ts';
import type { RawHeaders } from './raw-headers.ts';

/** ETags without quotes and weakness marks, or any. */
type ETagCondition = '*' | readonly string[];

export interface ReadConditions {
  readonly ifMatch?: ETagCondition;
  readonly ifNoneMatch?: ETagCondition;
  /** ms since the epoch, at whole seconds */
  readonly ifModifiedSince?: number;
  readonly ifUnmodifiedSince?: number;
}

const READ_CONDITIONS = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'] as const;

/** Of nearly all requests. */
const NONE: ReadConditions = {};

export type ReadOutcome = 'proceed' | 'not-modified' | 'precondition-failed';

/** @param prefix `x-amz-copy-source-` for the conditions on the source of a copy */
export function parseReadConditions(headers: RawHeaders, prefix = ''): ReadConditions {
  return READ_CONDITIONS.some((name) => headers.has(prefix + name)) ? parseThem(headers, prefix) : NONE;
}

function parseThem(headers: RawHeaders, prefix: string): ReadConditions {
  const tags = (name: string): ETagCondition | undefined => {
    const value = headers.get(prefix + name);
    return value === undefined ? undefined : parseETags(value);
  };
  const date = (name: string): number | undefined => {
    const value = headers.get(prefix + name);
    return value === undefined ? undefined : parseHttpDate(value);
  };
  const ifMatch = tags('if-match');
  const ifNoneMatch = tags('if-none-match');
  const ifModifiedSince = date('if-modified-since');
  const ifUnmodifiedSince = date('if-unmodified-since');
  return {
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneMatch !== undefined && { ifNoneMatch }),
    ...(ifModifiedSince !== undefined && { ifModifiedSince }),
    ...(ifUnmodifiedSince !== undefined && { ifUnmodifiedSince }),
  };
}

/** @param nowMs a client that says it read later than now is mistaken: S3 does not heed its If-Modified-Since */
export function evaluateRead(
  object: { etag: string; modifiedMs: number },
  conditions: ReadConditions,
  nowMs: number = Infinity,
): ReadOutcome {
  const { ifMatch, ifNoneMatch, ifModifiedSince, ifUnmodifiedSince } = conditions;
  const modified = object.modifiedMs - (object.modifiedMs % 1000);
  if (ifMatch !== undefined) {
    if (!matches(ifMatch, object.etag)) return 'precondition-failed';
  } else if (ifUnmodifiedSince !== undefined && modified > ifUnmodifiedSince) {
    return 'precondition-failed';
  }
  if (ifNoneMatch !== undefined) {
    if (matches(ifNoneMatch, object.etag)) return 'not-modified';
  } else if (ifModifiedSince !== undefined && ifModifiedSince <= nowMs && modified <= ifModifiedSince) {
    return 'not-modified';
  }
  return 'proceed';
}

/**
 * Whether a Range is to be heeded: not when `If-Range` names another state than the object's, for then the client would
 * join parts of two objects (RFC 9110, 13.1.5). Weak ETags and dates that are not exactly its Last-Modified name none.
 */
export function rangeApplies(
  object: { etag: string; modifiedMs: number },
  ifRange: string | undefined,
): boolean {
  if (ifRange === undefined) return true;
  const date = parseHttpDate(ifRange);
  if (date !== undefined) return date === object.modifiedMs - (object.modifiedMs % 1000);
  return !ifRange.trim().startsWith('W/') && stripETag(ifRange) === object.etag;
}

function matches(condition: ETagCondition, etag: string): boolean {
  return condition === '*' || condition.includes(etag);
}

function parseETags(value: string): ETagCondition {
  if (value.trim() === '*') return '*';
  return value.split(',').map(stripETag);
}

/** Without quotes and weakness mark. */
export function stripETag(text: string): string {
  return text
    .trim()
    .replace(/^W\//, '')
    .replace(/^"(.*)"$/, '$1');
}

export type WriteConditionInput = { readonly ifAbsent: true } | { readonly ifMatch: string } | null;

/** @throws S3Error NotImplemented for conditions that S3 does not take on a write */
export function parseWriteCondition(headers: RawHeaders): WriteConditionInput {
  const ifMatch = headers.get('if-match');
  const ifNoneMatch = headers.get('if-none-match');
  for (const name of ['if-modified-since', 'if-unmodified-since']) {
    if (headers.has(name))
      throw new S3Error('NotImplemented', `${name} is not implemented for writes.`, { Header: name });
  }
  if (ifNoneMatch !== undefined) {
    if (ifNoneMatch.trim() !== '*') {
      throw new S3Error('NotImplemented', 'If-None-Match on a write takes only *.', {
        Header: 'If-None-Match',
      });
    }
    if (ifMatch !== undefined) {
      throw new S3Error('NotImplemented', 'If-Match and If-None-Match together are not implemented.');
    }
    return { ifAbsent: true };
  }
  if (ifMatch === undefined) return null;
  if (ifMatch.includes(','))
    throw new S3Error('NotImplemented', 'If-Match on a write takes one ETag.', { Header: 'If-Match' });
  return { ifMatch: stripETag(ifMatch) };
}
