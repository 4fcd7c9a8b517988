/**
 * @module RenameObject: its source, its conditions, its token.
 *
 * From https://docs.aws.amazon.com/AmazonS3/latest/API/API_RenameObject.html:
 * - `PUT /new-key?renameObject`, without a body; the answer is an empty 200.
 * - `x-amz-rename-source` is URL encoded. Its pattern on that page would fit `bucket/key`, but the samples send `/key`, and
 *   Amazon's own clients `key`: it is always a key of the same bucket here, after one slash or none. A key that begins with
 *   a slash is written with two, or with `%2F`.
 * - Conditions on the source ("if the source exists and …") and on the destination; If-None-Match of the destination takes
 *   only `*`. A condition that does not hold is a 412, also one for which a GET would get a 304.
 * - If-Modified-Since asks for a destination that exists. If-Unmodified-Since does not say so, and holds without one.
 * - `x-amz-client-token`: 1 to 64 characters from 33 to 126. A repetition with the same token and parameters succeeds
 *   without doing anything; with other parameters it is IdempotencyParameterMismatch (400; the page's prose calls it
 *   IdempotentParameterMismatch).
 *
 * From https://docs.aws.amazon.com/AmazonS3/latest/userguide/directory-buckets-objects-rename.html: attributes,
 * dates and checksums stay as they are; keys that end in `/` are not renamed.
 */

import { evaluateRead, parseReadConditions } from '../conditions.ts';
import type { ReadConditions } from '../conditions.ts';
import { parseHttpDate } from '../dates.ts';
import { invalidArgument, S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import { isLooseInSignature } from '../sigv4/canonical-request.ts';
import { checkKeyLength, decodeKeyText } from '../target.ts';

const SOURCE = 'x-amz-rename-source';

export interface RenameInput {
  readonly sourceKey: string;
  readonly sourceConditions: ReadConditions;
  readonly destinationConditions: ReadConditions;
  readonly clientToken: string | undefined;
}

/**
 * @param destination the new key
 * @throws S3Error InvalidArgument, InvalidRequest, KeyTooLongError, NotImplemented (an If-None-Match that is not `*`)
 */
export function parseRename(headers: RawHeaders, destination: string): RenameInput {
  const sourceKey = parseSource(headers.get(SOURCE) ?? '');
  if (sourceKey.endsWith('/') || destination.endsWith('/')) {
    throw new S3Error('InvalidRequest', 'RenameObject takes no keys that end with a slash.');
  }
  const ifNoneMatch = headers.get('if-none-match');
  if (ifNoneMatch !== undefined && ifNoneMatch.trim() !== '*') {
    throw new S3Error('NotImplemented', 'If-None-Match on a write takes only *.', {
      Header: 'If-None-Match',
    });
  }
  return {
    sourceKey,
    sourceConditions: parseConditions(headers, `${SOURCE}-`),
    destinationConditions: parseConditions(headers, ''),
    clientToken: parseClientToken(headers.get('x-amz-client-token')),
  };
}

function parseSource(value: string): string {
  const key = decodeKeyText(value.startsWith('/') ? value.slice(1) : value);
  if (key === undefined || key === '' || isLooseInSignature(value))
    throw invalidArgument('The rename source must be the URL-encoded key of an object.', SOURCE, value);
  checkKeyLength(key);
  return key;
}

/** A GET ignores a date that is none; here that would rename what the client wanted to protect. */
function parseConditions(headers: RawHeaders, prefix: string): ReadConditions {
  for (const condition of ['if-modified-since', 'if-unmodified-since']) {
    const name = prefix + condition;
    const value = headers.get(name);
    if (value !== undefined && parseHttpDate(value) === undefined)
      throw invalidArgument('The condition is not a date.', name, value);
  }
  return parseReadConditions(headers, prefix);
}

function parseClientToken(value: string | undefined): string | undefined {
  if (value === undefined || /^[!-~]{1,64}$/.test(value)) return value;
  throw invalidArgument(
    'The client token has 1 to 64 printable ASCII characters without spaces.',
    'x-amz-client-token',
    value,
  );
}

/**
 * Whether the conditions of a rename hold for what is there: of the source, or of the destination.
 *
 * @param object null: there is none
 */
export function renameConditionsHold(
  object: { readonly etag: string; readonly modifiedMs: number } | null,
  conditions: ReadConditions,
): boolean {
  if (object !== null) return evaluateRead(object, conditions) === 'proceed';
  return conditions.ifMatch === undefined && conditions.ifModifiedSince === undefined;
}
