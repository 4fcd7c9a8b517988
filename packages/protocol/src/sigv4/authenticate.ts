/**
 * @module Decides who sent a request, and what its signature vouches for.
 *
 * Synchronous and pure but for a cache of derived keys; the clock and the secrets are passed in. It does not decide
 * what the sender may do, and it does not see the body: the caller holds the body to the returned `payload`.
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html.
 */

import { S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import {
  canonicalHeaders,
  canonicalRequest,
  type CanonicalTarget,
  canonicalTarget,
  otherTargets,
  parseRawQuery,
  splitTarget,
  stringToSign,
} from './canonical-request.ts';
import type { ChunkSigningContext } from './chunk-signature.ts';
import { readClaim, type SignatureClaim } from './claim.ts';
import { EMPTY_SHA256, parsePayloadMode, type PayloadMode, UNSIGNED_PAYLOAD } from './payload-mode.ts';
import {
  deriveSigningKey,
  formatScope,
  hmacHex,
  signaturesEqual,
  type SigningKey,
  SigningKeyCache,
} from './signing-key.ts';
import { formatAmzDate } from './timestamp.ts';

/** How far the clock of a client may be off, in either direction. */
export const CLOCK_SKEW_MS_MAX = 15 * 60 * 1000;

export interface SignedRequest {
  method: string;
  /** path and query exactly as on the request line (latin1) */
  target: string;
  headers: RawHeaders;
}

export interface AuthenticateOptions {
  /** milliseconds since the epoch */
  now: number;
  /** the regions a signature may name, the server's own first; any when left out */
  regions?: readonly string[];
  /** undefined when there is no such key */
  secretFor(accessKeyId: string): string | undefined;
}

export type Authentication =
  | { kind: 'anonymous' }
  | {
      kind: 'signed';
      presigned: boolean;
      accessKeyId: string;
      /** what the body must be */
      payload: PayloadMode;
      /** what the first chunk's signature builds on, when `payload` is chunked and signed */
      chunkContext?: ChunkSigningContext;
    };

/**
 * The algorithm of the copy, or of the upload that begins: then it changes what is asked for, and is signed as everything
 * that does. Elsewhere it names that of a checksum which is there as well.
 */
function choosesChecksum(
  name: string,
  headers: RawHeaders,
  query: ReturnType<typeof parseRawQuery>,
): boolean {
  if (name !== 'x-amz-checksum-algorithm') return false;
  return headers.has('x-amz-copy-source') || query.some((pair) => pair.name === 'uploads');
}

/** `x-amz-*` headers that clients send unsigned and that cannot change what is asked for. */
const MAY_BE_UNSIGNED: ReadonlySet<string> = new Set([
  'x-amz-content-sha256',
  'x-amz-decoded-content-length',
  'x-amz-trailer',
  'x-amz-sdk-checksum-algorithm',
  'x-amz-checksum-algorithm',
]);

const UNSIGNED: PayloadMode = { kind: 'unsigned' };
const ANONYMOUS: Authentication = { kind: 'anonymous' };
const signingKeys = new SigningKeyCache();

/**
 * Verifies the signature of a request, in its header or presigned form.
 *
 * @throws S3Error with S3's code for every way in which it can fail; nothing is ever taken as anonymous because its
 * signature was wrong
 */
export function authenticate(request: SignedRequest, options: AuthenticateOptions): Authentication {
  const { headers } = request;
  const { path, query } = splitTarget(request.target);
  const pairs = parseRawQuery(query);
  const claim = readClaim(headers, pairs);
  if (claim === undefined) return ANONYMOUS;
  if (headers.has('x-amz-security-token') || pairs.some(({ name }) => name === 'X-Amz-Security-Token')) {
    throw new S3Error('InvalidToken');
  }
  checkRegion(claim, options.regions);
  checkSignedHeaders(headers, pairs, claim);
  const secret = options.secretFor(claim.accessKeyId);
  if (secret === undefined) {
    throw new S3Error('InvalidAccessKeyId', undefined, { AWSAccessKeyId: claim.accessKeyId });
  }
  checkTime(claim, options.now);
  const payloads = payloadCandidates(request, claim);
  const firstPayload = payloads[0] as string;
  // Before the signature: a value that S3 does not define deserves its own error.
  const firstMode = parsePayloadMode(firstPayload);

  const cached = signingKeys.find(claim.accessKeyId, secret, claim.scope);
  const signingKey = cached ?? deriveSigningKey(secret, claim.scope);
  const scope = formatScope(claim.scope);
  const headerLines = canonicalHeaders(headers, claim.signedHeaders);
  const { signedNames: signedHeaders } = claim;
  const canonicalOf = (target: CanonicalTarget, payload: string): string =>
    canonicalRequest({ method: request.method, target, headerLines, signedHeaders, payload });
  /** The payload line with which the signature holds. */
  const holdsWith = (target: CanonicalTarget): string | undefined =>
    payloads.find((payload) => {
      const toSign = stringToSign(canonicalOf(target, payload), claim.amzDate, scope);
      return signaturesEqual(hmacHex(signingKey, toSign), claim.signature);
    });
  const first = canonicalTarget(path, pairs);
  const payload = holdsWith(first) ?? firstOf(otherTargets(path, pairs), holdsWith);
  if (payload === undefined) throw mismatch(claim, canonicalOf(first, firstPayload), scope);
  if (cached === undefined) signingKeys.remember(claim.accessKeyId, secret, claim.scope, signingKey);
  // A presigned URL may be signed for any body and be used with a hash: the stricter of the two then holds.
  const mode = claim.presigned ? firstMode : bodyMode(request, payload, firstMode);
  return accepted(claim, mode, signingKey, scope);
}

/** What the first item of which there is something becomes. */
function firstOf<T, U>(items: Iterable<T>, become: (item: T) => U | undefined): U | undefined {
  for (const item of items) {
    const found = become(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

function accepted(
  claim: SignatureClaim,
  payload: PayloadMode,
  signingKey: SigningKey,
  scope: string,
): Authentication {
  const { presigned, accessKeyId, signature, amzDate } = claim;
  if (payload.kind !== 'chunked' || !payload.signed)
    return { kind: 'signed', presigned, accessKeyId, payload };
  const chunkContext: ChunkSigningContext = { seedSignature: signature, signingKey, amzDate, scope };
  return { kind: 'signed', presigned, accessKeyId, payload, chunkContext };
}

function checkRegion(claim: SignatureClaim, regions: readonly string[] | undefined): void {
  if (regions === undefined || regions.includes(claim.scope.region)) return;
  const own = regions[0] ?? '';
  const reason = `the region '${claim.scope.region}' is wrong; expecting '${own}'`;
  throw claim.presigned
    ? new S3Error(
        'AuthorizationQueryParametersError',
        `Error parsing the X-Amz-Credential parameter; ${reason}`,
        { Region: own },
      )
    : new S3Error('AuthorizationHeaderMalformed', `The authorization header is malformed; ${reason}`, {
        Region: own,
      });
}

/** Names up to which a list is searched sooner than a set is made. */
const SEARCHED_MAX = 32;

/** A header that asks for something must be covered by the signature, or whoever holds a URL could add to it. */
function checkSignedHeaders(
  headers: RawHeaders,
  query: ReturnType<typeof parseRawQuery>,
  claim: SignatureClaim,
): void {
  const { signedHeaders } = claim;
  // Clients sign a handful; a set is for heads that name thousands, of which each header would be looked for.
  const many = signedHeaders.length > SEARCHED_MAX ? new Set(signedHeaders) : undefined;
  const signs = (name: string): boolean => many?.has(name) ?? signedHeaders.includes(name);
  let missing: string[] | undefined;
  if (!signs('host')) missing = ['host'];
  for (const name of headers.names()) {
    if (!name.startsWith('x-amz-') && !name.startsWith('x-cistern-')) continue;
    if (signs(name)) continue;
    if (MAY_BE_UNSIGNED.has(name) && !choosesChecksum(name, headers, query)) continue;
    (missing ??= []).push(name);
  }
  if (missing === undefined) return;
  throw new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
    HeadersNotSigned: missing.join(', '),
  });
}

function isoSeconds(timeMs: number): string {
  return `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
}

function checkTime(claim: SignatureClaim, now: number): void {
  const { timeMs, expiresS } = claim;
  if (expiresS === undefined) {
    if (Math.abs(now - timeMs) <= CLOCK_SKEW_MS_MAX) return;
    throw new S3Error('RequestTimeTooSkewed', undefined, {
      RequestTime: claim.amzDate,
      ServerTime: isoSeconds(now),
      MaxAllowedSkewMilliseconds: String(CLOCK_SKEW_MS_MAX),
    });
  }
  if (timeMs - now > CLOCK_SKEW_MS_MAX) {
    throw new S3Error('AccessDenied', 'Request is not yet valid', {
      'X-Amz-Date': formatAmzDate(timeMs),
      ServerTime: isoSeconds(now),
    });
  }
  const endMs = timeMs + expiresS * 1000;
  if (now <= endMs) return;
  throw new S3Error('AccessDenied', 'Request has expired', {
    'X-Amz-Expires': String(expiresS),
    Expires: isoSeconds(endMs),
    ServerTime: isoSeconds(now),
  });
}

/** What a header signature that holds with `payload` says of the body. */
function bodyMode(request: SignedRequest, payload: string, said: PayloadMode): PayloadMode {
  if (request.headers.has('x-amz-content-sha256')) return said;
  const sendsBody = request.method === 'PUT' || request.method === 'POST';
  return sendsBody ? UNSIGNED : parsePayloadMode(payload);
}

/** The payload lines that the client may have signed; the first is what it says now. */
function payloadCandidates(request: SignedRequest, claim: SignatureClaim): readonly string[] {
  const header = request.headers.get('x-amz-content-sha256');
  if (claim.presigned) {
    if (claim.payload !== undefined && header !== undefined && claim.payload !== header) {
      throw new S3Error('InvalidArgument', 'X-Amz-Content-Sha256 in the query and in the header differ.', {
        ArgumentName: 'x-amz-content-sha256',
        ArgumentValue: header,
      });
    }
    const given = claim.payload ?? header ?? UNSIGNED_PAYLOAD;
    return given === UNSIGNED_PAYLOAD ? [given] : [given, UNSIGNED_PAYLOAD];
  }
  if (header !== undefined) return [header];
  // S3 asks for the header, but curl before 8 does not send it and signs an upload as if it had no body. The signature
  // then vouches for everything but the body, as with UNSIGNED-PAYLOAD.
  return [EMPTY_SHA256, UNSIGNED_PAYLOAD];
}

function mismatch(claim: SignatureClaim, canonical: string, scope: string): S3Error {
  return new S3Error('SignatureDoesNotMatch', undefined, {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: stringToSign(canonical, claim.amzDate, scope),
    SignatureProvided: claim.signature,
    CanonicalRequest: canonical,
  });
}
