/**
 * @module Signs requests as a client: in the `Authorization` header, or in the query for others to use.
 *
 * The counterpart of `authenticate`, over the same canonical form. It sends nothing, and it takes targets as they will
 * stand on the request line (`encodeKey` and `encodeQueryComponent` make them).
 */

import { RawHeaders } from '../raw-headers.ts';
import {
  canonicalHeaders,
  canonicalQuery,
  canonicalRequest,
  parseRawQuery,
  signCanonical,
  splitTarget,
} from './canonical-request.ts';
import type { ChunkSigningContext } from './chunk-signature.ts';
import { UNSIGNED_PAYLOAD } from './payload-mode.ts';
import { ALGORITHM, deriveSigningKey, formatScope, SigningKeyCache } from './signing-key.ts';
import { formatAmzDate } from './timestamp.ts';
import { encodeQueryComponent, normalizePath } from './uri-encode.ts';

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
}

export interface SignRequestOptions {
  method: string;
  /** path and query as on the request line */
  target: string;
  /** what will be sent, `host` included; values are latin1 */
  headers: readonly (readonly [string, string])[];
  /** hex SHA-256 of the body, `UNSIGNED-PAYLOAD`, or one of the `STREAMING-…` values */
  payload: string;
  credentials: Credentials;
  region: string;
  /** milliseconds since the epoch */
  now: number;
}

export interface RequestSignature {
  /** to be added to those given: `x-amz-date`, `x-amz-content-sha256`, `authorization` */
  headers: [string, string][];
  /** what the chunks of a signed stream build on */
  chunkContext: ChunkSigningContext;
}

export interface PresignOptions {
  method: string;
  /** path and query as on the request line, without any signature parameter */
  target: string;
  host: string;
  /** further headers that whoever uses the URL must send as they are; values are latin1 */
  headers?: readonly (readonly [string, string])[];
  /** seconds, 1 to 604,800 */
  expiresS: number;
  /** hex SHA-256 of the body that must be sent; any body when left out */
  payload?: string;
  credentials: Credentials;
  region: string;
  /** milliseconds since the epoch */
  now: number;
}

/** Headers that proxies and HTTP libraries add or change on the way. */
const NEVER_SIGNED: ReadonlySet<string> = new Set([
  'authorization',
  'connection',
  'expect',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
]);

const signingKeys = new SigningKeyCache(100);

function prepare(credentials: Credentials, region: string, now: number) {
  const amzDate = formatAmzDate(now);
  const scope = { day: amzDate.slice(0, 8), region };
  const { accessKeyId, secretAccessKey } = credentials;
  let signingKey = signingKeys.find(accessKeyId, secretAccessKey, scope);
  if (signingKey === undefined) {
    signingKey = deriveSigningKey(secretAccessKey, scope);
    signingKeys.remember(accessKeyId, secretAccessKey, scope, signingKey);
  }
  const scopeText = formatScope(scope);
  return { amzDate, scope: scopeText, signingKey, credential: `${accessKeyId}/${scopeText}` };
}

/** Signs a request; send the returned headers along with those given, unchanged. */
export function signRequest(options: SignRequestOptions): RequestSignature {
  const { amzDate, scope, signingKey, credential } = prepare(
    options.credentials,
    options.region,
    options.now,
  );
  const added: [string, string][] = [
    ['x-amz-date', amzDate],
    ['x-amz-content-sha256', options.payload],
  ];
  const headers = RawHeaders.from([...options.headers, ...added]);
  const names = [...headers.names()].filter((name) => !NEVER_SIGNED.has(name)).sort();
  const signedHeaders = names.join(';');
  const { path, query } = splitTarget(options.target);
  const canonical = canonicalRequest({
    method: options.method,
    target: { path: normalizePath(path), query: canonicalQuery(parseRawQuery(query)) },
    headerLines: canonicalHeaders(headers, names),
    signedHeaders,
    payload: options.payload,
  });
  const signature = signCanonical(signingKey, canonical, amzDate, scope);
  added.push([
    'authorization',
    `${ALGORITHM} Credential=${credential},SignedHeaders=${signedHeaders},Signature=${signature}`,
  ]);
  return { headers: added, chunkContext: { seedSignature: signature, signingKey, amzDate, scope } };
}

/** The target of a presigned URL: put the scheme and `host` before it. */
export function presign(options: PresignOptions): string {
  const { amzDate, scope, signingKey, credential } = prepare(
    options.credentials,
    options.region,
    options.now,
  );
  const headers = RawHeaders.from([['host', options.host], ...(options.headers ?? [])]);
  const names = [...headers.names()].sort();
  const signedHeaders = names.join(';');
  const { path, query } = splitTarget(options.target);
  const parameters = [
    ['X-Amz-Algorithm', ALGORITHM],
    ['X-Amz-Credential', credential],
    ['X-Amz-Date', amzDate],
    ['X-Amz-Expires', String(options.expiresS)],
    ['X-Amz-SignedHeaders', signedHeaders],
  ];
  if (options.payload !== undefined) parameters.push(['X-Amz-Content-Sha256', options.payload]);
  const added = parameters
    .map(([name, value]) => `${name}=${encodeQueryComponent(value as string)}`)
    .join('&');
  const fullQuery = query === '' ? added : `${query}&${added}`;
  const canonical = canonicalRequest({
    method: options.method,
    target: { path: normalizePath(path), query: canonicalQuery(parseRawQuery(fullQuery)) },
    headerLines: canonicalHeaders(headers, names),
    signedHeaders,
    payload: options.payload ?? UNSIGNED_PAYLOAD,
  });
  return `${path}?${fullQuery}&X-Amz-Signature=${signCanonical(signingKey, canonical, amzDate, scope)}`;
}
