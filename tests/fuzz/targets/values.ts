/** @module Single values of requests: ranges, conditions, dates, tags, checksums, ids and tokens. */

import {
  CHECKSUM_ALGORITHMS,
  checksumHeader,
  decodeToken,
  encodeToken,
  evaluateRead,
  formatChecksum,
  formatHttpDate,
  formatUploadId,
  formatVersionId,
  isValidBucketName,
  parseChecksum,
  parseHttpDate,
  parseReadConditions,
  parseSnapshotBucket,
  parseStorageClass,
  parseTagging,
  parseUploadId,
  parseVersionId,
  parseWriteCondition,
  rangeApplies,
  RawHeaders,
  readVersionId,
  resolveFollowedRange,
  resolveRange,
  snapshotBucketName,
} from '@cistern/protocol';

import type { FuzzTarget } from '../target.ts';
import { must, mustEqual, s3Outcome } from '../target.ts';

const VALUE_BYTES_MAX = 32 * 1024;
const of = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));

const ranges: FuzzTarget = {
  name: 'range',
  seeds: () =>
    of(
      'bytes=0-99',
      'bytes=5-',
      'bytes=-5',
      'bytes= 1 - 2 ',
      'BYTES=0-0',
      'bytes=0-1,3-4',
      'bytes=9007199254740991-',
      'bytes=-0',
    ),
  tokens: ['bytes=', '-', ',', ' ', '0', '9', '99', '100', '\t'],
  bytesMax: VALUE_BYTES_MAX,
  run: (input, random) => {
    const text = input.toString('latin1');
    const size = random.pick([0, 1, 100, 2 ** 40]);
    const { value, error } = s3Outcome(() => resolveRange(text, size));
    if (error !== undefined) mustEqual(error.code, 'InvalidRange', 'the error');
    const expected = rangeByRule(text, size);
    if (expected !== 'beyond') mustEqual(value, expected, `of ${size} bytes`);
    const { start, end, contentRange } = resolveFollowedRange(text, size);
    must(
      Number.isSafeInteger(start) &&
        start >= 0 &&
        (end === null || (end > start && Number.isSafeInteger(end))),
      'a followed range is no range',
    );
    must(contentRange === undefined || /^bytes \d+-\d+\/\*$/.test(contentRange), 'Content-Range');
  },
};

/** RFC 9110, 14.1.2, in whole numbers of any size. `undefined`: refused; `beyond`: positions that no object has. */
function rangeByRule(
  text: string,
  size: number,
): { start: number; end: number; partial: boolean } | undefined | 'beyond' {
  const whole = { start: 0, end: size, partial: false };
  const match = /^bytes=([^-]*)-(.*)$/is.exec(text);
  const [first = '', last = ''] = [match?.[1], match?.[2]].map((part) => part?.trim());
  if (match === null || !/^\d*$/.test(first) || !/^\d*$/.test(last) || first + last === '') return whole;
  if (first.length > 15 && last.length > 15) return 'beyond';
  const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const total = BigInt(size);
  if (first === '') {
    const length = least(BigInt(last), total);
    return length === 0n ? undefined : { start: Number(total - length), end: size, partial: true };
  }
  if (last !== '' && BigInt(last) < BigInt(first)) return whole;
  if (BigInt(first) >= total) return undefined;
  return {
    start: Number(first),
    end: last === '' ? size : Number(least(BigInt(last) + 1n, total)),
    partial: true,
  };
}

const DATES = [
  'Wed, 21 Oct 2015 07:28:00 GMT', 'Wednesday, 21-Oct-15 07:28:00 GMT', 'Wed Oct 21 07:28:00 2015', 'Wed Oct  1 07:28:00 2015',
  '2015-10-21T07:28:00Z', '2015-10-21T07:28:00.123Z', 'Thu, 01 Jan 1970 00:00:00 +0000', 'Fri, 31 Dec 9999 23:59:59 UTC',
]; // prettier-ignore

const dates: FuzzTarget = {
  name: 'dates',
  seeds: () => of(...DATES),
  tokens: [
    'Mon',
    'Tues',
    'day',
    ', ',
    ' GMT',
    'Z',
    ':',
    '-',
    'Feb',
    '29',
    '30',
    '31',
    '1900',
    '0000',
    ' ',
    '.5',
  ],
  bytesMax: VALUE_BYTES_MAX,
  run: (input) => {
    const time = parseHttpDate(input.toString('latin1'));
    if (time === undefined) return;
    must(Number.isSafeInteger(time) && time % 1000 === 0, 'a date is a whole second');
    if (time >= 0 && time < Date.UTC(10_000, 0))
      mustEqual(parseHttpDate(formatHttpDate(time)), time, 'the date, written and read again');
  },
};

const ETAG = 'd41d8cd98f00b204e9800998ecf8427e';
const MODIFIED = Date.UTC(2015, 9, 21, 7, 28, 0, 500);

const conditions: FuzzTarget = {
  name: 'conditions',
  seeds: () =>
    of(
      `"${ETAG}"\n\n\n`,
      `W/"${ETAG}", "x"\n*\n${DATES[0]}\n${DATES[1]}`,
      `*\n"${ETAG}"\n${DATES[4]}\n`,
      `\n${ETAG}\n\n${DATES[2]}`,
    ),
  tokens: ['*', '"', 'W/', ',', ' ', ETAG, '\n', ...DATES],
  bytesMax: VALUE_BYTES_MAX,
  run: (input) => {
    const names = ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'];
    const lines = input.toString('latin1').split('\n');
    const headers = RawHeaders.from(
      names.flatMap((name, index) => (lines[index] ? [[name, lines[index]] as const] : [])),
    );
    const object = { etag: ETAG, modifiedMs: MODIFIED };
    const outcome = evaluateRead(object, parseReadConditions(headers), MODIFIED + 1);
    const match =
      lines[0] === undefined ||
      lines[0] === '' ||
      names.length === 0 ||
      lines[0].trim() === '*' ||
      lines[0].includes(ETAG);
    if (!match) mustEqual(outcome, 'precondition-failed', 'an ETag that is nowhere in If-Match');
    if (lines[1]?.trim() === '*') must(outcome !== 'proceed', 'If-None-Match: *');
    rangeApplies(object, lines[0]);
    s3Outcome(() => parseWriteCondition(headers));
  },
};

const tags: FuzzTarget = {
  name: 'tags',
  seeds: () =>
    of(
      'a=b&c=d',
      'k%20l=m+n',
      'x',
      'é='.replace('é', '%C3%A9'),
      Array.from({ length: 11 }, (_, index) => `k${index}=v`).join('&'),
    ),
  tokens: ['=', '&', '+', '%20', '%C3%A9', '%F0%9F%98%80', '%', 'aws:', 'AWS%3a', '\xc3\xa9'],
  bytesMax: VALUE_BYTES_MAX,
  run: (input) => {
    const { value } = s3Outcome(() => parseTagging(input.toString('latin1')));
    if (value === undefined) return;
    must(value.length <= 10 && new Set(value.map(([key]) => key)).size === value.length, 'too many tags');
    for (const [key, text] of value)
      must([...key].length <= 128 && key !== '' && [...text].length <= 256, 'a tag is too long');
    const written = value.map((tag) => tag.map(encodeURIComponent).join('=')).join('&');
    mustEqual(parseTagging(written), value, 'tags, written and read again');
  },
};

const checksums: FuzzTarget = {
  name: 'checksums',
  seeds: () =>
    of(
      'AAAAAA==',
      '2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
      '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
      'AAAAAAAAAAA=',
    ),
  tokens: ['=', '==', 'A', '/', '+', '-', '_', ' '],
  bytesMax: VALUE_BYTES_MAX,
  run: (input) => {
    const text = input.toString('latin1');
    for (const algorithm of CHECKSUM_ALGORITHMS) {
      const { value } = s3Outcome(() => parseChecksum(algorithm, text));
      if (value !== undefined) mustEqual(formatChecksum(value), text, checksumHeader(algorithm));
    }
    s3Outcome(() => parseStorageClass(text));
  },
};

const names: FuzzTarget = {
  name: 'ids-and-names',
  seeds: () =>
    of(
      formatVersionId(1),
      formatUploadId(2 ** 53 - 1),
      'null',
      encodeToken('a/b'),
      encodeToken(''),
      'bucket--monday--snap',
      'a.b-c',
    ),
  tokens: ['v', 'u', 'z', '0', '--', '--snap', '.', '..', '-', 'xn--', '1:', 'MTp', '=', '_'],
  bytesMax: VALUE_BYTES_MAX,
  run: (input) => {
    const text = input.toString('latin1');
    const version = parseVersionId(text);
    mustEqual(s3Outcome(() => readVersionId(text)).value, version, 'the version by both ways');
    if (typeof version === 'number') mustEqual(formatVersionId(version), text, 'the version id');
    const upload = parseUploadId(text);
    if (upload !== undefined) mustEqual(formatUploadId(upload), text, 'the upload id');
    const after = s3Outcome(() => decodeToken(text)).value;
    if (after !== undefined) mustEqual(encodeToken(after), text, 'the token');
    const snapshot = parseSnapshotBucket(text);
    if (snapshot !== undefined) {
      mustEqual(snapshotBucketName(snapshot.bucket, snapshot.snapshot), text, 'the name of a snapshot');
      must(!isValidBucketName(text), 'no bucket has the name of a snapshot');
    }
    if (isValidBucketName(text))
      must(/^[a-z0-9.-]{3,63}$/.test(text) && !text.includes('..'), 'the name of a bucket');
  },
};

export const VALUES: readonly FuzzTarget[] = [ranges, dates, conditions, tags, checksums, names];
