/** @module Signatures of requests, in headers and in queries, and the framing of aws-chunked bodies. */

import { createHmac, hash } from 'node:crypto';

import {
  authenticate,
  ChunkedEncoder,
  createChunkedDecoder,
  presign,
  RawHeaders,
  signRequest,
} from '@cistern/protocol';
import type { Authentication, ChunkSigningContext } from '@cistern/protocol';

import {
  decodeLoosely,
  HEAD_TOKENS,
  HEADS,
  pairsOf,
  readHead,
  signablePairs,
  signableTarget,
} from '../heads.ts';
import type { Random } from '../random.ts';
import type { FuzzTarget, Outcome } from '../target.ts';
import { must, mustEqual, s3Outcome } from '../target.ts';

const CREDENTIALS = { accessKeyId: 'AKTEST', secretAccessKey: 'a/secret+key' };
const REGION = 'us-east-1';
const NOW = Date.UTC(2026, 2, 1, 12, 30, 15);
const DAY = '20260301';
const TIME = '20260301T123015Z';
const SCOPE = `${DAY}/${REGION}/s3/aws4_request`;
const HOST = 'localhost:9000';

function check(method: string, target: string, headers: RawHeaders): Outcome<Authentication> {
  return s3Outcome(() =>
    authenticate(
      { method, target, headers },
      {
        now: NOW,
        regions: [REGION],
        secretFor: (id) => (id === CREDENTIALS.accessKeyId ? CREDENTIALS.secretAccessKey : undefined),
      },
    ),
  );
}

const SIGNED_HEADS = HEADS.flatMap((text) => {
  const head = readHead(Buffer.from(text, 'latin1'));
  const pairs = pairsOf(head.flat).filter(([name]) => name !== 'host');
  const common = { method: head.method, credentials: CREDENTIALS, region: REGION, now: NOW };
  const given: [string, string][] = [['host', HOST], ...pairs];
  const signature = signRequest({
    ...common,
    target: head.target,
    headers: given,
    payload: 'UNSIGNED-PAYLOAD',
  });
  const url = presign({ ...common, target: head.target, host: HOST, headers: pairs, expiresS: 600 });
  return [
    format(head.method, head.target, [...given, ...signature.headers]),
    format(head.method, url, given),
  ];
});

function format(method: string, target: string, headers: readonly (readonly [string, string])[]): string {
  return [`${method} ${target}`, ...headers.map(([name, value]) => `${name}: ${value}`)].join('\n');
}

/** Any head at all: it may be refused, and if it is taken its signature was right by the book. */
const claims: FuzzTarget = {
  name: 'sigv4',
  seeds: () => SIGNED_HEADS.map((head) => Buffer.from(head, 'latin1')),
  tokens: [
    ...HEAD_TOKENS, 'X-Amz-Signature=', 'X-Amz-Expires=', 'X-Amz-Credential=', 'X-Amz-SignedHeaders=host', 'Credential=', 'SignedHeaders=',
    'Signature=', 'AWS4-HMAC-SHA256', `${CREDENTIALS.accessKeyId}/${SCOPE}`, TIME, 'UNSIGNED-PAYLOAD', 'authorization', 'x-amz-date',
    '\nx-amz-security-token: t', 'host;', ';x-amz-date', ', ', '%2C',
  ], // prettier-ignore
  bytesMax: 32 * 1024,
  run: (input) => {
    const { method, target, headers, flat } = readHead(input);
    const { value } = check(method, target, headers);
    if (value?.kind !== 'signed') return;
    must(
      isSignedByTheBook(method, target, pairsOf(flat)),
      'a signature was taken that nobody with the secret made',
    );
  },
};

/** What was signed after it was spoilt is taken, and what was spoilt after it was signed is not. */
const signing: FuzzTarget = {
  name: 'sigv4-signed',
  seeds: () => HEADS.map((head) => Buffer.from(head, 'latin1')),
  tokens: HEAD_TOKENS,
  bytesMax: 8 * 1024,
  run: (input, random) => {
    const head = readHead(input);
    const target = signableTarget(head.target);
    if (target === undefined) return;
    const pairs = signablePairs(head);
    const common = { method: head.method, credentials: CREDENTIALS, region: REGION, now: NOW };
    const payload = 'UNSIGNED-PAYLOAD';
    const given: [string, string][] = [['host', HOST], ...pairs];
    const signature = signRequest({ ...common, target, headers: given, payload });
    const all = [...given, ...signature.headers];
    const { value, error } = check(head.method, target, RawHeaders.from(all));
    must(value?.kind === 'signed', `what we sign we take: ${error?.code} ${error?.message}`);
    must(isSignedByTheBook(head.method, target, all), 'we sign by the book');
    spoil(head.method, target, all, random);
  },
};

function spoil(method: string, target: string, headers: readonly [string, string][], random: Random): void {
  const other = random.pick([
    () => check(`${method}X`, target, RawHeaders.from(headers)),
    () =>
      check(method, `${target}${target.includes('?') ? '&' : '?'}versionId=null`, RawHeaders.from(headers)),
    () => check(method, `/x${target}`, RawHeaders.from(headers)),
    () => check(method, target, RawHeaders.from([...headers, ['x-amz-acl', 'private']])),
    () => check(method, target, RawHeaders.from([...headers, ['x-cistern-live', 'true']])),
    () =>
      check(
        method,
        target,
        RawHeaders.from(headers.map(([name, value]) => [name, name === 'host' ? `${value}1` : value])),
      ),
    () => {
      const bit = 1 << random.below(2);
      const at = random.below(64);
      return check(
        method,
        target,
        RawHeaders.from(
          headers.map(([name, value]) => [
            name,
            /^authorization$/i.test(name) ? flipped(value, at, bit) : value,
          ]),
        ),
      );
    },
  ]);
  must(other().value === undefined, 'what was changed after it was signed is refused');
}

function flipped(authorization: string, at: number, bit: number): string {
  const index = authorization.length - 64 + at;
  return (
    authorization.slice(0, index) +
    String.fromCharCode(authorization.charCodeAt(index) ^ bit) +
    authorization.slice(index + 1)
  );
}

/** Slowly, from AWS's description alone; of the canonical forms, those that clients are known to sign. */
function isSignedByTheBook(method: string, target: string, headers: readonly [string, string][]): boolean {
  const mark = target.indexOf('?');
  const rawPath =
    (mark < 0 ? target : target.slice(0, mark)).replace(/^[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*/, '') || '/';
  const parts =
    mark < 0
      ? []
      : target
          .slice(mark + 1)
          .split('&')
          .filter((part) => part !== '');
  const query = parts.map((part) => [...part.split(/=(.*)/s), ''].slice(0, 2) as [string, string]);
  const field = (name: string): string | undefined => {
    const found = query.find(([one]) => decodeLoosely(one.replaceAll('+', ' ')) === name)?.[1];
    return found === undefined ? undefined : decodeLoosely(found.replaceAll('+', ' '));
  };
  const header = (name: string): string | undefined => {
    const values = headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
    return values.length === 0 ? undefined : values.join(',');
  };
  const authorization = header('authorization');
  const part = (name: string): string =>
    new RegExp(`(?:^|[\\s,])${name}=([^,]*)`).exec(authorization ?? '')?.[1]?.trim() ?? '';
  const fromHeader = authorization !== undefined && authorization !== '';
  const names = fromHeader ? part('SignedHeaders') : (field('X-Amz-SignedHeaders') ?? '');
  const signature = fromHeader ? part('Signature') : (field('X-Amz-Signature') ?? '');
  const time = fromHeader ? (header('x-amz-date') ?? TIME) : (field('X-Amz-Date') ?? '');
  const scope = (fromHeader ? part('Credential') : (field('X-Amz-Credential') ?? ''))
    .split('/')
    .slice(-4)
    .join('/');
  const lines = names.split(';').map((name) => {
    const values = headers
      .filter(([one]) => one.toLowerCase() === name)
      .map(([, value]) => value.replaceAll(/[ \t]+/g, ' ').replaceAll(/^ | $/g, ''));
    return `${name}:${values.join(',')}\n`;
  });
  const unsigned = query
    .map((pair, index) => [pair, parts[index] ?? ''] as const)
    .filter(([[name]]) => decodeLoosely(name.replaceAll('+', ' ')) !== 'X-Amz-Signature');
  const sorted = (encode: (raw: string) => string): string =>
    unsigned
      .map(([[name, value]]) => [encode(name), encode(value)] as const)
      .sort((a, b) => order(a[0], b[0]) || order(a[1], b[1]))
      .map((pair) => pair.join('='))
      .join('&');
  const queries = [
    sorted((raw) => encoded(raw.replaceAll('+', '%20'))),
    sorted((raw) => raw),
    unsigned.map(([, raw]) => raw).join('&'),
  ];
  const paths = [rawPath.split('/').map(encoded).join('/'), rawPath];
  const hashes = [
    header('x-amz-content-sha256'),
    field('X-Amz-Content-Sha256'),
    'UNSIGNED-PAYLOAD',
    hash('sha256', ''),
  ];
  for (const path of paths)
    for (const one of queries)
      for (const payload of hashes) {
        const canonical = `${method}\n${path}\n${one}\n${lines.join('')}\n${names}\n${payload ?? ''}`;
        if (
          sign(
            scope,
            `AWS4-HMAC-SHA256\n${time}\n${scope}\n${hash('sha256', Buffer.from(canonical, 'latin1'))}`,
          ) === signature
        )
          return true;
      }
  return false;
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function encoded(raw: string): string {
  return decodeLoosely(raw).replaceAll(
    /[^A-Za-z0-9._~-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function sign(scope: string, text: string): string {
  let key: Buffer | string = `AWS4${CREDENTIALS.secretAccessKey}`;
  for (const part of scope.split('/'))
    key = createHmac('sha256', key).update(Buffer.from(part, 'latin1')).digest();
  return createHmac('sha256', key).update(Buffer.from(text, 'latin1')).digest('hex');
}

const CONTEXT = signRequest({
  method: 'PUT', target: '/b/k', headers: [['host', HOST]], payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD', credentials: CREDENTIALS, region: REGION, now: NOW,
}).chunkContext; // prettier-ignore
const PAYLOAD = Buffer.from('0123456789abcdef\r\n0;chunk-signature=\r\n'.repeat(6));

interface Form {
  readonly signed: ChunkSigningContext | undefined;
  readonly trailer: boolean;
  readonly decodedLength: number | null;
  readonly announcedTrailers: readonly string[];
}

const FORMS: readonly Form[] = [
  { signed: CONTEXT, trailer: false, decodedLength: PAYLOAD.length, announcedTrailers: [] },
  {
    signed: CONTEXT,
    trailer: true,
    decodedLength: PAYLOAD.length,
    announcedTrailers: ['x-amz-checksum-crc32'],
  },
  {
    signed: undefined,
    trailer: true,
    decodedLength: PAYLOAD.length,
    announcedTrailers: ['x-amz-checksum-crc32'],
  },
  { signed: undefined, trailer: false, decodedLength: null, announcedTrailers: [] },
];

function encodeBody({ signed, trailer }: Form, sizes: readonly number[]): Buffer {
  const encoder = new ChunkedEncoder({ signed, trailer });
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (let index = 0; at < PAYLOAD.length; index++) {
    const next = Math.min(PAYLOAD.length, at + (sizes[index % sizes.length] ?? 1));
    pieces.push(...encoder.chunk(PAYLOAD.subarray(at, next)));
    at = next;
  }
  return Buffer.concat([...pieces, encoder.end(trailer ? [['x-amz-checksum-crc32', 'AAAAAA==']] : [])]);
}

/** The first byte says which form it is of. */
const chunked: FuzzTarget = {
  name: 'aws-chunked',
  seeds: () =>
    FORMS.flatMap((form, index) =>
      [[PAYLOAD.length], [64], [1, 7, 30]].map((sizes) =>
        Buffer.concat([Buffer.of(index), encodeBody(form, sizes)]),
      ),
    ),
  tokens: [
    '\r\n',
    '0\r\n',
    '\r\n\r\n',
    ';chunk-signature=',
    'x-amz-checksum-crc32:',
    'x-amz-trailer-signature:',
    'ffffffffffffffff',
    '10000000000000001',
  ],
  bytesMax: 20_000,
  run: (input, random) => {
    const form = FORMS[(input[0] ?? 0) % FORMS.length] as Form;
    const body = Buffer.from(input.subarray(1));
    const whole = decode(form, body, () => body.length);
    const split = decode(form, body, () => 1 + random.below(random.oneIn(3) ? 3 : 60));
    mustEqual(split.error?.code, whole.error?.code, 'the verdict, however it is split');
    if (whole.error !== undefined) return;
    mustEqual(split.value, whole.value, 'what comes out, however it is split');
    // Bytes of a signed body are the signer's, or it is refused.
    if (form.signed !== undefined)
      must(whole.value?.payload === PAYLOAD.toString('latin1'), 'a signed body was changed and taken');
    if (form.decodedLength !== null) mustEqual(whole.value?.payload.length, form.decodedLength, 'the length');
    mustEqual(whole.value?.payload, readSlowly(body), 'the payload by the reference');
  },
};

function decode(
  form: Form,
  body: Buffer,
  step: () => number,
): Outcome<{ payload: string; trailers: [string, string][] }> {
  return s3Outcome(() => {
    const decoder = createChunkedDecoder(form);
    let payload = '';
    for (let at = 0; at < body.length;) {
      const next = Math.min(body.length, at + step());
      for (const slice of decoder.push(body.subarray(at, next))) payload += slice.toString('latin1');
      at = next;
    }
    const { trailers } = decoder.end();
    mustEqual(decoder.verified, payload.length, 'bytes that were verified');
    return { payload, trailers: [...trailers] };
  });
}

/** What a body that was taken must have had in it. */
function readSlowly(body: Buffer): string {
  let rest = body.toString('latin1');
  let payload = '';
  for (;;) {
    const [header = ''] = rest.split('\r\n', 1);
    const size = Number.parseInt(header, 16);
    if (size === 0) return payload;
    payload += rest.slice(header.length + 2, header.length + 2 + size);
    rest = rest.slice(header.length + 4 + size);
  }
}

/** Every position, once for each form: the verdict and the payload of the whole. */
const splits: FuzzTarget = {
  name: 'aws-chunked-splits',
  seeds: chunked.seeds,
  tokens: chunked.tokens,
  bytesMax: 2000,
  run: (input) => {
    const form = FORMS[(input[0] ?? 0) % FORMS.length] as Form;
    const body = Buffer.from(input.subarray(1));
    const whole = decode(form, body, () => body.length);
    for (let at = 1; at < body.length; at += 1 + (body.length >> 6)) {
      let first = true;
      const split = decode(form, body, () => (first ? ((first = false), at) : body.length));
      mustEqual(split.error?.code, whole.error?.code, `the verdict, split at ${at}`);
      if (whole.error === undefined) mustEqual(split.value, whole.value, `what comes out, split at ${at}`);
    }
  },
};

export const SIGNATURES: readonly FuzzTarget[] = [claims, signing, chunked, splits];
