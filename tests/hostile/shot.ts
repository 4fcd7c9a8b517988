/**
 * @module One hostile request, as bytes on the wire: a request of any operation that was spoilt. Half are signed after that,
 * so that they get past authentication; of the others the bytes themselves are broken, framing and all.
 */

import { ChunkedEncoder, signRequest, presign } from '@cistern/protocol';
import type { Credentials } from '@cistern/protocol';

import { HEAD_TOKENS, HEADS, readHead, signablePairs, signableTarget } from '../fuzz/heads.ts';
import { mutate } from '../fuzz/mutate.ts';
import type { Material } from '../fuzz/mutate.ts';
import type { Random } from '../fuzz/random.ts';
import { DOCUMENTS } from '../fuzz/targets/documents.ts';
import { formatHead } from '../support/raw-http.ts';

export interface World {
  readonly host: string;
  readonly credentials: Credentials;
  /** that the signer owns */
  readonly buckets: readonly string[];
  readonly keys: readonly string[];
  /** ids of uploads that were begun */
  readonly uploads: readonly string[];
}

export interface Shot {
  readonly bytes: Buffer;
  readonly method: string;
  /** It is good HTTP, and gets one answer. */
  readonly isFramed: boolean;
}

const HTTP_TOKENS = [
  'HTTP/1.0', 'HTTP/2.0', '\r\n', '\n', '\r', '\r\n\r\n', '\r\n ', ' : ', '\0', '\x7f', 'Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity, chunked\r\n',
  'Content-Length: 5\r\n', 'Content-Length: -1\r\n', 'Content-Length: 99999999999999999999\r\n', 'Expect: 100-continue\r\n', 'Expect: x\r\n', 'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: h2c\r\n', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'CONNECT a:1 HTTP/1.1\r\n\r\n', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', '0\r\n\r\n', 'ffffffffffffffff\r\n',
  '5;a=b\r\n', 'Host: b\r\n', 'TRACE', 'PATCH', 'GET http://x/y', '\x16\x03\x01\x02\0', 'x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n',
]; // prettier-ignore

const buffers = (texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text, 'latin1'));
const OF_HEADS: Material = { tokens: buffers(HEAD_TOKENS), others: buffers(HEADS), bytesMax: 36 * 1024 };
const OF_BODIES: Material = {
  tokens: buffers(['<', '>', '&amp;', '<Key>', '</Key>', '\r\n']),
  others: DOCUMENTS.map((one) => Buffer.from(one)),
  bytesMax: 100_000,
};

export function makeShot(random: Random, world: World): Shot {
  const template = named(random.pick(HEADS), random, world);
  const spoilt = random.oneIn(4)
    ? Buffer.from(template, 'latin1')
    : mutate(Buffer.from(template, 'latin1'), random, OF_HEADS);
  const head = readHead(spoilt);
  const target = signableTarget(head.target);
  const method = /^(?:GET|HEAD|PUT|POST|DELETE|OPTIONS|PATCH)$/.test(head.method) ? head.method : 'PUT';
  const request = {
    method,
    target: target ?? `/${random.pick(world.buckets)}/key`,
    headers: signablePairs(head),
  };
  const signed = sign(request, bodyOf(random, method), random, world);
  if (random.oneIn(2)) return { bytes: signed, method, isFramed: true };
  const others = [signed, ...OF_HEADS.others];
  const broken = mutate(signed, random, { tokens: buffers(HTTP_TOKENS), others, bytesMax: 140_000 });
  return { bytes: broken, method, isFramed: false };
}

/** What there is to be had, most of the time. */
function named(head: string, random: Random, world: World): string {
  return head
    .replaceAll(/\/(?:bucket|b)(?=[/?\n ])/g, () => `/${random.pick(world.buckets)}`)
    .replaceAll(/\/(?:key|k)(?=[?\n ])/g, () => `/${random.pick(world.keys)}`)
    .replaceAll(/u0{9}\w\w/g, () => random.pick(world.uploads));
}

function bodyOf(random: Random, method: string): Buffer {
  if (method === 'GET' || method === 'HEAD' || (method !== 'POST' && random.oneIn(4))) return Buffer.alloc(0);
  const body = random.oneIn(3)
    ? random.bytes(random.below(random.oneIn(10) ? 80_000 : 200))
    : Buffer.from(random.pick(DOCUMENTS));
  return random.oneIn(2) ? body : mutate(body, random, OF_BODIES);
}

const OF_BODY = new Set([
  'content-length',
  'transfer-encoding',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'content-md5',
  'expect',
  'connection',
  'upgrade',
]);

interface Request {
  readonly method: string;
  readonly target: string;
  readonly headers: readonly [string, string][];
}

function sign(request: Request, body: Buffer, random: Random, world: World): Buffer {
  const { method, target } = request;
  const headers: [string, string][] = [
    ['host', world.host],
    // Those that belong to a body stay only now and then: most requests shall get as far as they can.
    ...request.headers.filter(
      ([name]) =>
        !OF_BODY.has(name.toLowerCase()) && (!/^x-amz-(?:sdk-)?checksum/i.test(name) || random.oneIn(3)),
    ),
  ];
  const common = { method, credentials: world.credentials, region: 'us-east-1', now: Date.now() };
  if (random.oneIn(6)) {
    const given = headers.slice(1).filter(([name]) => !/^x-amz-content-sha256$/i.test(name));
    const url = presign({ ...common, target, host: world.host, headers: given, expiresS: 900 });
    return Buffer.concat([
      wireHead(method, url, [...headers, ['content-length', String(body.length)]]),
      body,
    ]);
  }
  if (body.length > 0 && random.oneIn(4)) return signChunked(request, headers, body, random, world);
  const signature = signRequest({ ...common, target, headers, payload: 'UNSIGNED-PAYLOAD' });
  return Buffer.concat([
    wireHead(method, target, [...headers, ...signature.headers, ['content-length', String(body.length)]]),
    body,
  ]);
}

function signChunked(
  { method, target }: Request,
  given: [string, string][],
  body: Buffer,
  random: Random,
  world: World,
): Buffer {
  const isSigned = random.oneIn(2);
  const trailer = !isSigned || random.oneIn(2);
  const payload = isSigned
    ? `STREAMING-AWS4-HMAC-SHA256-PAYLOAD${trailer ? '-TRAILER' : ''}`
    : 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  const length = random.oneIn(8) ? random.below(2 * body.length) : body.length;
  const headers: [string, string][] = [
    ...given,
    ['x-amz-decoded-content-length', String(length)],
    ...(trailer ? ([['x-amz-trailer', 'x-amz-checksum-crc32']] as [string, string][]) : []),
  ];
  const options = {
    method,
    target,
    headers,
    payload,
    credentials: world.credentials,
    region: 'us-east-1',
    now: Date.now(),
  };
  const signature = signRequest(options);
  const encoder = new ChunkedEncoder({ signed: isSigned ? signature.chunkContext : undefined, trailer });
  const size = 1 + random.below(body.length);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += size) pieces.push(...encoder.chunk(body.subarray(at, at + size)));
  pieces.push(encoder.end(trailer ? [['x-amz-checksum-crc32', random.pick(['AAAAAA==', 'x', 'AAAA'])]] : []));
  const framed = Buffer.concat(pieces);
  const sent = random.oneIn(4)
    ? mutate(framed, random, { tokens: buffers(HTTP_TOKENS), others: [framed], bytesMax: 140_000 })
    : framed;
  return Buffer.concat([
    wireHead(method, target, [...headers, ...signature.headers, ['content-length', String(sent.length)]]),
    sent,
  ]);
}

function wireHead(method: string, target: string, headers: readonly [string, string][]): Buffer {
  return Buffer.from(formatHead(method, target, [...headers, ['connection', 'close']]), 'latin1');
}
