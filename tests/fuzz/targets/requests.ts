/** @module The heads of requests: what they address, which operation they ask for, and what every reader of its headers says. */

import { isDeepStrictEqual } from 'node:util';

import {
  attributeHeaders,
  bucketOfHost,
  checkAcl,
  checkCreateBucketHeaders,
  encodeError,
  encodeKey,
  encodeQueryComponent,
  operationName,
  parseAttributes,
  parseCopy,
  parseDeleteCondition,
  parseFollow,
  parseFork,
  parseGetObjectAttributes,
  parseListBuckets,
  parseListKeyUploads,
  parseListMultipartUploads,
  parseListObjects,
  parseListObjectVersions,
  parseListParts,
  parseLive,
  parseLiveBody,
  parseOperation,
  parsePartNumber,
  parseReadConditions,
  parseRename,
  parseTagging,
  parseTarget,
  parseUpload,
  parseUploadChecksum,
  parseUploadPart,
  parseUploadPartCopy,
  parseWriteCondition,
  parseWriteOffset,
  parseXml,
  readVersionId,
  refusedOperation,
  refuseUnknown,
  resolveRange,
  withPresignedHeaders,
} from '@cistern/protocol';
import type { PayloadMode, Query, RawHeaders, S3Error } from '@cistern/protocol';

import { HEAD_TOKENS, HEADS, readHead } from '../heads.ts';
import type { FuzzTarget } from '../target.ts';
import { must, mustEqual, s3Outcome } from '../target.ts';

const DOMAINS = ['s3.example', 'a.s3.example'];
const HEAD_BYTES_MAX = 32 * 1024;
const UNSIGNED: PayloadMode = { kind: 'unsigned' };
const CHUNKED: PayloadMode = { kind: 'chunked', signed: false, trailer: true };

const heads = (): Buffer[] => HEADS.map((head) => Buffer.from(head, 'latin1'));

/** Strictly, byte after byte, by what UTF-8 and percent-encoding are: slow, and nobody else's code. */
function decodeSlowly(raw: string): string | undefined {
  const bytes: number[] = [];
  for (let at = 0; at < raw.length; at++) {
    const hex = raw.slice(at + 1, at + 3);
    if (raw[at] !== '%') bytes.push(raw.charCodeAt(at));
    else if (hex.length === 2 && [...hex].every((digit) => '0123456789abcdefABCDEF'.includes(digit))) {
      bytes.push(Number(`0x${hex}`));
      at += 2;
    } else return undefined;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes));
  } catch {
    return undefined;
  }
}

const target: FuzzTarget = {
  name: 'target',
  seeds: () => heads().map((head) => Buffer.from(readHead(head).target, 'latin1')),
  tokens: HEAD_TOKENS,
  bytesMax: HEAD_BYTES_MAX,
  run: (input, random) => {
    const text = input.toString('latin1').replaceAll(/[\r\n]/g, '');
    const host = random.pick([
      undefined,
      'localhost',
      'b.s3.example:9000',
      'x.y.a.s3.example',
      text.slice(0, 40),
    ]);
    const { value } = s3Outcome(() => parseTarget(text, host, DOMAINS));
    if (value === undefined) return;
    const { bucket, key, query } = value;
    must(key === undefined || Buffer.byteLength(key) <= 1024, 'a key is too long');
    if (text.startsWith('/') && bucketOfHost(host, DOMAINS) === undefined) {
      const path = text.split('?', 1)[0] ?? '';
      const slash = path.indexOf('/', 1);
      const rawKey = slash < 0 ? '' : path.slice(slash + 1);
      mustEqual(key, rawKey === '' ? undefined : decodeSlowly(rawKey), 'the key');
    }
    if (bucket === undefined || bucket === '') return;
    const pairs = query
      .entries()
      .map(([name, one]) => `${encodeQueryComponent(name)}=${encodeQueryComponent(one)}`);
    const again = parseTarget(
      `/${encodeQueryComponent(bucket)}${key === undefined ? '' : `/${encodeKey(key)}`}?${pairs.join('&')}`,
      undefined,
      [],
    );
    mustEqual(again.bucket, bucket, 'the bucket, encoded and read again');
    mustEqual(again.key, key, 'the key, encoded and read again');
    must(isDeepStrictEqual(again.query.entries(), query.entries()), 'the query, encoded and read again');
  },
};

/** Everything that an operation's own file may read of a head, whatever the operation: readers must stand any. */
const READERS: readonly ((headers: RawHeaders, query: Query) => unknown)[] = [
  (headers) => parseUpload(headers, UNSIGNED),
  (headers) => parseUpload(headers, CHUNKED),
  (headers) => parseLiveBody(headers, CHUNKED),
  (headers) => parseLive(headers, UNSIGNED),
  (headers) => parseFollow(headers),
  (headers) => parseCopy(headers),
  (headers) => parseRename(headers, 'destination'),
  (headers) => parseFork(headers),
  (headers) => parseUploadChecksum(headers),
  (headers) => parseWriteCondition(headers),
  (headers) => parseReadConditions(headers),
  (headers) => parseDeleteCondition(headers),
  (headers) => parseWriteOffset(headers),
  (headers) => parseGetObjectAttributes(headers),
  (headers) => parseTagging(headers.get('x-amz-tagging')),
  (headers) => checkAcl(headers),
  (headers) => checkCreateBucketHeaders(headers),
  (headers) => resolveRange(headers.get('range'), 1000),
  (_, query) => parseListBuckets(query),
  (_, query) => parseListObjects(query, 1),
  (_, query) => parseListObjects(query, 2),
  (_, query) => parseListObjectVersions(query),
  (_, query) => parseListMultipartUploads(query),
  (_, query) => parseListKeyUploads(query),
  (_, query) => parseListParts(query),
  (_, query) => parsePartNumber(query.get('partNumber') ?? ''),
  (_, query) => readVersionId(query.get('versionId')),
  (headers, query) => parseUploadPart(query, headers, UNSIGNED),
  (headers, query) => parseUploadPartCopy(query, headers),
];

const operation: FuzzTarget = {
  name: 'operation',
  seeds: heads,
  tokens: HEAD_TOKENS,
  bytesMax: HEAD_BYTES_MAX,
  run: (input) => {
    const head = readHead(input);
    const asked = { ...head, domains: DOMAINS };
    const outcome = s3Outcome(() => parseOperation(asked));
    const name = refusedOperation(asked);
    if (outcome.error !== undefined) return checkError(outcome.error, head.target);
    const { value } = outcome;
    mustEqual(name, operationName(value), 'the operation by both ways');
    if (value.name === 'Unsupported') return;
    const { headers } = head;
    const { query } = value;
    const effective = s3Outcome(() => withPresignedHeaders(headers, query));
    if (effective.error !== undefined) return checkError(effective.error, head.target);
    for (const read of [...READERS, () => refuseUnknown(value.name, query, effective.value)]) {
      const { error } = s3Outcome(() => read(effective.value, query));
      if (error !== undefined) checkError(error, head.target);
    }
    checkAttributes(effective.value);
  },
};

/** What a client is told of it is XML, whatever the request had in it. */
function checkError(error: S3Error, resource: string): void {
  const xml = encodeError({ error, resource, requestId: 'r', hostId: 'h' });
  const root = parseXml(Buffer.from(xml));
  const texts = new Map(root.children.map(({ name, text }) => [name, text]));
  mustEqual(texts.get('Message'), error.message, 'the message of the error');
  mustEqual(texts.get('Resource'), resource, 'the resource of the error');
  for (const [name, value] of Object.entries(error.details))
    mustEqual(texts.get(name), value, `${name} of the error`);
}

/** They are stored as JSON, and sent back as headers. */
function checkAttributes(headers: RawHeaders): void {
  const { value } = s3Outcome(() => parseAttributes(headers));
  if (value === undefined) return;
  const stored = JSON.parse(JSON.stringify(value)) as typeof value;
  const list = attributeHeaders(stored);
  mustEqual(list, attributeHeaders(value), 'attributes that were stored');
  for (let at = 0; at < list.length; at += 2) {
    const name = (list[at] ?? '').toLowerCase();
    if (name.startsWith('x-amz-meta-')) mustEqual(list[at + 1], headers.get(name), name);
  }
}

export const REQUESTS: readonly FuzzTarget[] = [target, operation];
