/**
 * @module Single byte ranges, as S3 takes them.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html and RFC 9110, section 14: what is not one
 * well-formed byte range is ignored, and the whole object is the answer.
 */

import { S3Error } from './errors.ts';

/** Offsets [start, end) in bytes; `partial` says whether a range was asked for and understood. */
export interface ResolvedRange {
  readonly start: number;
  readonly end: number;
  readonly partial: boolean;
}

const UNIT = /^bytes=/i;
const DIGITS = /^\d*$/;

/**
 * The two positions around the dash, each empty or digits; undefined when it is not one byte range. Without a pattern
 * over the whole: anyone who has a presigned URL may send 30 KB of spaces, on which neighbouring `\s*` take seconds.
 */
function parseRange(header: string): readonly [first: string, last: string] | undefined {
  const dash = header.indexOf('-');
  if (dash === -1 || !UNIT.test(header)) return undefined;
  const first = header.slice('bytes='.length, dash).trim();
  const last = header.slice(dash + 1).trim();
  if (!DIGITS.test(first) || !DIGITS.test(last) || (first === '' && last === '')) return undefined;
  return [first, last];
}

/** @throws S3Error InvalidRange when the range begins at or beyond the end, or is an empty suffix */
export function resolveRange(header: string | undefined, size: number): ResolvedRange {
  const whole = { start: 0, end: size, partial: false };
  const range = header === undefined ? undefined : parseRange(header);
  if (header === undefined || range === undefined) return whole;
  const [first, last] = range;
  if (first === '') {
    const length = Math.min(Number(last), size);
    if (length === 0) throw unsatisfiable(header, size);
    return { start: size - length, end: size, partial: true };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return whole;
  if (start >= size) throw unsatisfiable(header, size);
  const end = last === '' ? size : Math.min(Number(last) + 1, size);
  return { start, end, partial: true };
}

/** As RFC 8673 has it: a last position that stands for an end that nobody knows. */
const ENDLESS = Number.MAX_SAFE_INTEGER;

/**
 * A range of what is still growing: it may begin beyond what is there, and without a last position it goes on to an end
 * that nobody knows (RFC 8673). A suffix counts from the end of what is there.
 *
 * @param size bytes that are there
 * @returns `end` null: to the end; `contentRange` undefined: no range was asked for
 */
export function resolveFollowedRange(
  header: string | undefined,
  size: number,
): { start: number; end: number | null; contentRange: string | undefined } {
  const range = header === undefined ? undefined : parseRange(header);
  const whole = { start: 0, end: null, contentRange: undefined };
  if (range === undefined) return whole;
  const [first, last] = range;
  const suffix = first === '';
  const start = suffix ? Math.max(size - Number(last), 0) : Number(first);
  const lastByte = suffix || last === '' ? ENDLESS : Math.min(Number(last), ENDLESS);
  if (lastByte < start) return whole;
  const end = lastByte === ENDLESS ? null : lastByte + 1;
  return { start, end, contentRange: `bytes ${start}-${lastByte}/*` };
}

function unsatisfiable(header: string, size: number): S3Error {
  return new S3Error('InvalidRange', undefined, { RangeRequested: header, ActualObjectSize: String(size) });
}
