/**
 * @module Reads what a request claims about its signature: from its `Authorization` header or its query.
 *
 * It checks form only. Whether the key exists, the time fits and the signature holds is decided by `authenticate`.
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-auth-using-authorization-header.html and
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html.
 */

import { S3Error } from '../errors.ts';
import type { RawHeaders } from '../raw-headers.ts';
import type { QueryPair } from './canonical-request.ts';
import { ALGORITHM, type CredentialScope, SERVICE, TERMINATOR } from './signing-key.ts';
import { parseAmzDate, parseDateHeader, formatAmzDate } from './timestamp.ts';
import { decodeQueryComponent } from './uri-encode.ts';

/** The longest life of a presigned URL: seven days. */
export const PRESIGN_EXPIRES_S_MAX = 604_800;

export interface SignatureClaim {
  presigned: boolean;
  accessKeyId: string;
  scope: CredentialScope;
  /** lower-case names, as listed */
  signedHeaders: readonly string[];
  /** the same, joined by `;` */
  signedNames: string;
  signature: string;
  amzDate: string;
  timeMs: number;
  /** only in presigned requests */
  expiresS: number | undefined;
  /** `X-Amz-Content-Sha256` of a presigned query */
  payload: string | undefined;
}

const QUERY_AUTH_NAMES = [
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Signature',
  'X-Amz-Date',
  'X-Amz-SignedHeaders',
  'X-Amz-Expires',
] as const;

const SIGNATURE = /^[0-9a-f]{64}$/;
const SIGNATURE_LENGTH = 64;
const HEADER_NAMES = /^[a-z0-9!#$%&'*+.^_`|~-]+(?:;[a-z0-9!#$%&'*+.^_`|~-]+)*$/;
const CREDENTIAL_FORM = '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request"';

/** @returns undefined when the request carries no credentials at all */
export function readClaim(headers: RawHeaders, query: readonly QueryPair[]): SignatureClaim | undefined {
  const authorization = headers.get('authorization') ?? '';
  const inQuery = query.some(
    ({ name }) => name === 'Signature' || name === 'AWSAccessKeyId' || isQueryAuth(name),
  );
  if (authorization !== '' && inQuery) {
    throw new S3Error(
      'InvalidArgument',
      'Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string parameter ' +
        'or the Authorization header should be specified',
      { ArgumentName: 'Authorization', ArgumentValue: authorization },
    );
  }
  if (authorization !== '') return readAuthorization(authorization, headers);
  return inQuery ? readPresigned(query) : undefined;
}

function isQueryAuth(name: string): boolean {
  return name === 'X-Amz-Algorithm' || name === 'X-Amz-Credential' || name === 'X-Amz-Signature';
}

function unsupportedMechanism(): S3Error {
  return new S3Error(
    'InvalidRequest',
    'The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.',
  );
}

function unsupportedAsymmetric(): S3Error {
  return new S3Error('NotImplemented', 'Signature Version 4A is not supported. Please use AWS4-HMAC-SHA256.');
}

function headerMalformed(reason: string): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', `The authorization header is malformed; ${reason}`);
}

function queryMalformed(reason: string): S3Error {
  return new S3Error('AuthorizationQueryParametersError', reason);
}

function readAuthorization(authorization: string, headers: RawHeaders): SignatureClaim {
  const space = authorization.indexOf(' ');
  const scheme = space < 0 ? authorization : authorization.slice(0, space);
  if (scheme === 'AWS') throw unsupportedMechanism();
  if (scheme === 'AWS4-ECDSA-P256-SHA256') throw unsupportedAsymmetric();
  if (scheme !== ALGORITHM) {
    throw new S3Error('InvalidArgument', 'Unsupported Authorization Type', {
      ArgumentName: 'Authorization',
      ArgumentValue: scheme,
    });
  }
  const signatureAt = Math.max(0, authorization.length - SIGNATURE_LENGTH);
  const head = authorization.slice(0, signatureAt);
  let claimed = head === lastHead ? lastClaimed : knownHeads.get(head);
  let signature = authorization.slice(signatureAt);
  if (claimed === undefined) {
    const fields = readFields(authorization.slice(scheme.length));
    const { signedHeaders } = fields;
    claimed = { ...fields.credential, signedHeaders, signedNames: signedHeaders.join(';') };
    if (fields.signature === signature && head.endsWith('Signature=')) rememberHead(head, claimed);
    signature = fields.signature;
  } else if (claimed !== lastClaimed) {
    lastHead = head;
    lastClaimed = claimed;
  }
  if (!SIGNATURE.test(signature)) {
    throw headerMalformed('the Signature is mal-formed; expecting 64 hex digits.');
  }
  const { amzDate, timeMs } = readRequestTime(headers);
  const { accessKeyId, scope, signedHeaders, signedNames } = claimed;
  if (!amzDate.startsWith(scope.day)) {
    throw headerMalformed(
      `Invalid credential date "${scope.day}". This date is not the same as X-Amz-Date: "${amzDate.slice(0, 8)}".`,
    );
  }
  return {
    presigned: false,
    accessKeyId,
    scope,
    signedHeaders,
    signedNames,
    signature,
    amzDate,
    timeMs,
    expiresS: undefined,
    payload: undefined,
  };
}

/** Clients send the same header again and again but for the signature at its end: what is before it is read once. */
const knownHeads = new Map<string, ClaimedHead>();
const KNOWN_HEADS_MAX = 1000;
const KNOWN_HEAD_LENGTH_MAX = 1024;
/** The one before: comparing two texts is cheaper than hashing one. */
let lastHead: string | undefined;
let lastClaimed: ClaimedHead | undefined;

interface ClaimedHead {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly signedHeaders: readonly string[];
  readonly signedNames: string;
}

function rememberHead(head: string, claimed: ClaimedHead): void {
  if (head.length > KNOWN_HEAD_LENGTH_MAX) return;
  // Whoever fills it with inventions makes others read theirs once more, and no more than that.
  if (knownHeads.size >= KNOWN_HEADS_MAX) knownHeads.clear();
  knownHeads.set(head, claimed);
}

function readFields(text: string): {
  credential: { accessKeyId: string; scope: CredentialScope };
  signedHeaders: string[];
  signature: string;
} {
  const fields = new Map<string, string>();
  for (const part of text.split(',')) {
    const field = part.trim();
    const equals = field.indexOf('=');
    const name = field.slice(0, Math.max(0, equals));
    if (name !== 'Credential' && name !== 'SignedHeaders' && name !== 'Signature') {
      throw headerMalformed('expecting Credential, SignedHeaders and Signature, separated by commas.');
    }
    if (fields.has(name)) throw headerMalformed(`${name} is given twice.`);
    fields.set(name, field.slice(equals + 1));
  }
  const field = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw headerMalformed(`the ${name} is missing.`);
    return value;
  };
  const credential = parseCredential(field('Credential'), (reason) =>
    headerMalformed(`the Credential is mal-formed; ${reason}`),
  );
  const signedHeaders = field('SignedHeaders');
  if (!HEADER_NAMES.test(signedHeaders)) throw headerMalformed('the SignedHeaders are mal-formed.');
  return {
    credential,
    signedHeaders: splitNames(signedHeaders, headerMalformed),
    signature: field('Signature'),
  };
}

function readRequestTime(headers: RawHeaders): { amzDate: string; timeMs: number } {
  const amzDate = headers.get('x-amz-date');
  if (amzDate !== undefined) {
    const timeMs = parseAmzDate(amzDate);
    if (timeMs !== undefined) return { amzDate, timeMs };
  } else {
    const timeMs = parseDateHeader(headers.get('date') ?? '');
    if (timeMs !== undefined) return { amzDate: formatAmzDate(timeMs), timeMs };
  }
  throw new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header');
}

function readPresigned(query: readonly QueryPair[]): SignatureClaim {
  const fields = new Map<string, string>();
  for (const { name, rawValue } of query) {
    if (!/^x-amz-/i.test(name)) continue;
    if (fields.has(name)) throw queryMalformed(`The query parameter ${name} is given twice.`);
    fields.set(name, decodeQueryComponent(rawValue));
  }
  const field = (name: (typeof QUERY_AUTH_NAMES)[number]): string => fields.get(name) ?? '';
  const algorithm = fields.get('X-Amz-Algorithm');
  if (algorithm === undefined && !fields.has('X-Amz-Credential') && !fields.has('X-Amz-Signature')) {
    throw unsupportedMechanism();
  }
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') throw unsupportedAsymmetric();
  if (QUERY_AUTH_NAMES.some((name) => field(name) === '')) {
    throw queryMalformed(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, ' +
        'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    );
  }
  if (algorithm !== ALGORITHM) throw queryMalformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`);
  const credential = parseCredential(field('X-Amz-Credential'), (reason) =>
    queryMalformed(`Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; ${reason}`),
  );
  const amzDate = field('X-Amz-Date');
  const timeMs = parseAmzDate(amzDate);
  if (timeMs === undefined) {
    throw queryMalformed(`X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`);
  }
  if (!amzDate.startsWith(credential.scope.day)) {
    throw queryMalformed(
      `Invalid credential date "${credential.scope.day}". This date is not the same as X-Amz-Date: "${amzDate.slice(0, 8)}".`,
    );
  }
  const signedHeaders = field('X-Amz-SignedHeaders');
  if (!HEADER_NAMES.test(signedHeaders)) throw queryMalformed('X-Amz-SignedHeaders is mal-formed.');
  const signature = field('X-Amz-Signature');
  if (!SIGNATURE.test(signature))
    throw queryMalformed('X-Amz-Signature must be 64 lower-case hexadecimal digits.');
  return {
    presigned: true,
    ...credential,
    signedHeaders: splitNames(signedHeaders, queryMalformed),
    signedNames: signedHeaders,
    signature,
    amzDate,
    timeMs,
    expiresS: parseExpires(field('X-Amz-Expires')),
    payload: fields.get('X-Amz-Content-Sha256'),
  };
}

function parseExpires(text: string): number {
  if (!/^-?\d{1,15}$/.test(text)) throw queryMalformed('X-Amz-Expires should be a number');
  const seconds = Number(text);
  if (seconds < 0) throw queryMalformed('X-Amz-Expires must be non-negative');
  if (seconds < 1) throw queryMalformed('X-Amz-Expires must be at least 1 second');
  if (seconds > PRESIGN_EXPIRES_S_MAX) {
    throw queryMalformed(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than ' +
        `${PRESIGN_EXPIRES_S_MAX} seconds`,
    );
  }
  return seconds;
}

function splitNames(names: string, malformed: (reason: string) => S3Error): string[] {
  const list = names.split(';');
  if (new Set(list).size !== list.length) throw malformed('SignedHeaders names a header twice.');
  return list;
}

/** The four last parts of a credential are its scope; what is before them is the access key id, slashes and all. */
function parseCredential(
  credential: string,
  malformed: (reason: string) => S3Error,
): { accessKeyId: string; scope: CredentialScope } {
  const parts = credential.split('/');
  const [day, region, service, terminator] = parts.slice(-4);
  if (parts.length < 5 || !day || !region || terminator === undefined || parts[0] === '') {
    throw malformed(`expecting ${CREDENTIAL_FORM}.`);
  }
  if (!/^\d{8}$/.test(day)) throw malformed(`incorrect date format "${day}". It must be "yyyyMMdd".`);
  if (service !== SERVICE)
    throw malformed(`incorrect service "${service}". This endpoint belongs to "${SERVICE}".`);
  if (terminator !== TERMINATOR)
    throw malformed(`incorrect terminal "${terminator}". It must be "${TERMINATOR}".`);
  return { accessKeyId: parts.slice(0, -4).join('/'), scope: { day, region } };
}
