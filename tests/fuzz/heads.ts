/** @module Heads of requests as text, a line each: `METHOD target`, then `name: value`. Of every operation one at least. */

import { RawHeaders } from '@cistern/protocol';

export interface Head {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly flat: readonly string[];
}

/** Nothing is refused: HTTP's own parser has refused more than this before any other sees a head. */
export function readHead(input: Buffer): Head {
  const [first = '', ...lines] = input.toString('latin1').split('\n');
  const space = first.indexOf(' ');
  const flat: string[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) flat.push(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  const method = space < 0 ? first : first.slice(0, space);
  return { method, target: space < 0 ? '/' : first.slice(space + 1), headers: new RawHeaders(flat), flat };
}

const MD5 = '1B2M2Y8AsgTpgAmY7PhCfg==';
const SHA256 = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=';
const ETAG = '"d41d8cd98f00b204e9800998ecf8427e"';
const DATE = 'Wed, 21 Oct 2015 07:28:00 GMT';

const OF_CONDITIONS = [
  `if-match: ${ETAG}`,
  'if-none-match: *',
  `if-modified-since: ${DATE}`,
  `if-unmodified-since: ${DATE}`,
];
const OF_UPLOADS = [
  'content-length: 3',
  `content-md5: ${MD5}`,
  `x-amz-checksum-sha256: ${SHA256}`,
  'x-amz-sdk-checksum-algorithm: SHA256',
  'content-type: text/plain',
  'cache-control: no-cache',
  'x-amz-meta-a: b',
  'x-amz-meta-color: =?UTF-8?B?cm90?=',
  'x-amz-tagging: a=b&c%20d=e+f',
  'x-amz-storage-class: STANDARD',
  'x-amz-acl: private',
];

export const HEADS: readonly string[] = [
  'GET /',
  'GET /?prefix=a&max-buckets=10&continuation-token=MTphLWJ1Y2tldA&bucket-region=us-east-1',
  'PUT /bucket\nx-amz-object-ownership: BucketOwnerEnforced\nx-amz-bucket-object-lock-enabled: false',
  'HEAD /bucket',
  'DELETE /bucket',
  'GET /bucket?location',
  'GET /bucket?tagging',
  'PUT /bucket?versioning',
  'GET /bucket?versioning',
  'GET /bucket?marker=a&max-keys=100&delimiter=/&prefix=b&encoding-type=url',
  'GET /bucket?list-type=2&start-after=a&fetch-owner=true&continuation-token=MTph&max-keys=1000',
  'GET /bucket?versions&key-marker=a&version-id-marker=v0000000000a&delimiter=%2F',
  'GET /bucket?uploads&key-marker=a&upload-id-marker=u0000000000a&prefix=%C3%A9&max-uploads=3',
  'POST /bucket?delete\ncontent-md5: ' + MD5,
  'PUT /bucket?cistern-snapshot=monday',
  'GET /bucket?cistern-snapshots',
  `PUT /bucket?cistern-fork\nx-cistern-fork-source: other--monday--snap\nx-cistern-fork-time: 2026-01-31T12:00:00.5Z`,
  ['PUT /bucket/key', ...OF_UPLOADS].join('\n'),
  ['PUT /bucket/key', ...OF_CONDITIONS.slice(0, 1), 'x-amz-write-offset-bytes: 12', 'content-length: 3'].join(
    '\n',
  ),
  [
    'PUT /bucket/key',
    'x-cistern-live: true',
    'transfer-encoding: chunked',
    'x-cistern-upload-id: u00000000001',
  ].join('\n'),
  [
    'PUT /bucket/a%20b/%C3%A9?x-id=PutObject',
    'content-encoding: aws-chunked',
    'x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'x-amz-decoded-content-length: 66560',
    'x-amz-trailer: x-amz-checksum-crc32c',
  ].join('\n'),
  [
    'PUT /bucket/copy',
    'x-amz-copy-source: /bucket/a%20key?versionId=v00000000001',
    ...OF_CONDITIONS.map((line) => `x-amz-copy-source-${line}`),
    'x-amz-metadata-directive: REPLACE',
    'x-amz-tagging-directive: COPY',
    'x-amz-checksum-algorithm: CRC32C',
    'x-amz-source-expected-bucket-owner: root',
  ].join('\n'),
  ['PUT /bucket/new?renameObject', 'x-amz-rename-source: /old%20key', 'x-amz-client-token: token-1'].join(
    '\n',
  ),
  ['GET /bucket/key?versionId=v00000000001&partNumber=2', 'range: bytes=0-99', ...OF_CONDITIONS].join('\n'),
  `GET /bucket/key?response-content-type=text%2Fplain&response-content-disposition=a\nrange: bytes=-5\nif-range: ${ETAG}`,
  'HEAD /bucket/key?versionId=null\nx-amz-checksum-mode: ENABLED',
  'DELETE /bucket/key?versionId=v00000000001\nif-match: *\nx-amz-if-match-size: 3',
  'GET /bucket/key?attributes\nx-amz-object-attributes: ETag,Checksum,ObjectParts,StorageClass,ObjectSize\nx-amz-max-parts: 10',
  'GET /bucket/key?tagging&versionId=v00000000001',
  'PUT /bucket/key?tagging',
  'POST /bucket/key?restore',
  [
    'POST /bucket/key?uploads',
    'x-amz-checksum-algorithm: SHA256',
    'x-amz-checksum-type: COMPOSITE',
    'x-amz-meta-a: b',
  ].join('\n'),
  ['PUT /bucket/key?partNumber=1&uploadId=u00000000001', ...OF_UPLOADS.slice(0, 4)].join('\n'),
  [
    'PUT /bucket/key?partNumber=10000&uploadId=u00000000001',
    'x-amz-copy-source: b/k',
    'x-amz-copy-source-range: bytes=0-9',
  ].join('\n'),
  [
    'POST /bucket/key?uploadId=u00000000001',
    'x-amz-mp-object-size: 10',
    'x-amz-checksum-type: FULL_OBJECT',
    'if-none-match: *',
  ].join('\n'),
  'DELETE /bucket/key?uploadId=u00000000001',
  'GET /bucket/key?uploadId=u00000000001&max-parts=10&part-number-marker=3',
  'GET /bucket/key?cistern-upload=u00000000001\nrange: bytes=5-\nx-cistern-follow: true',
  'HEAD /bucket/key?cistern-upload=u00000000001',
  'PUT /bucket/key?cistern-upload=u00000000001\nx-amz-write-offset-bytes: 12\nx-cistern-live: true',
  'GET /bucket/key?cistern-uploads&upload-id-marker=u00000000001',
  'OPTIONS /bucket/key\norigin: http://a.example\naccess-control-request-method: PUT',
  'GET http://bucket.s3.example:9000/key?acl\nhost: bucket.s3.example:9000',
  'GET /-/api/info?x=y',
].map((head) => (head.includes('\nhost:') ? head : head.replace(/$/m, '\nhost: localhost:9000')));

export const HEAD_TOKENS: readonly string[] = [
  ...new Set(HEADS.flatMap((head) => head.split(/[\n?&=]|: /)).filter((word) => word.length > 1)),
  '%00', '%2F', '%2e%2e', '..', '//', '%C0%AF', '%ED%A0%80', '%', '+', '__proto__', 'constructor', 'bytes=', ',', ';', '*', 'W/',
  'x-amz-meta-', 'x-amz-', 'x-cistern-', '\x80', '\xff', '=?UTF-8?Q?=', '\nhost: a.s3.example', '&versionId=', '?versionId=',
]; // prettier-ignore

export function pairsOf(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, index) => [
    flat[2 * index] ?? '',
    flat[2 * index + 1] ?? '',
  ]);
}

/** The target, if HTTP's parser lets it through and no signature of its own is in it. */
export function signableTarget(target: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- what must not be on a request line
  if (!target.startsWith('/') || /[\u0000-\u0020\u007f#]/.test(target)) return undefined;
  return /x-amz-|AWSAccessKeyId|Signature/i.test(decodeLoosely(target)) ? undefined : target;
}

/** Escapes alone, to characters of one byte. */
export function decodeLoosely(text: string): string {
  return text.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

const NOT_TO_BE_SIGNED = new Set([
  'host',
  'authorization',
  'x-amz-date',
  'x-amz-content-sha256',
  'x-amz-security-token',
]);

/** The headers that HTTP's parser lets through, without those that the signature makes. */
export function signablePairs({ flat }: Head): [string, string][] {
  return pairsOf(flat).filter(
    ([name, value]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) &&
      // oxlint-disable-next-line no-control-regex -- what must not be in a header
      !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value) &&
      !NOT_TO_BE_SIGNED.has(name.toLowerCase()),
  );
}
