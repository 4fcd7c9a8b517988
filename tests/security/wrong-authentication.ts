/** @module Every way in which a request may fail to prove who sends it, and what S3 answers to each. */

import {
  STREAMING_SIGNED,
  STREAMING_SIGNED_TRAILER,
  STREAMING_UNSIGNED_TRAILER,
  UNSIGNED_PAYLOAD,
} from '@cistern/protocol';

import type { PreparedRequest, S3, S3RequestOptions } from '../support/s3.ts';
import { addHeaders, addQuery, bendHeader } from './bend.ts';

export interface Wrong {
  readonly status: number;
  readonly code: string;
  /** @param s3 a client with credentials that are good */
  readonly make: (s3: S3, ask: Ask) => PreparedRequest;
}

/** One request, to be signed. */
export interface Ask {
  readonly method: string;
  readonly path: string;
  readonly options: S3RequestOptions;
}

const MINUTE_MS = 60_000;

function prepare(s3: S3, { method, path, options }: Ask, more: S3RequestOptions = {}): PreparedRequest {
  return s3.prepare(method, path, { ...options, ...more });
}

const signed =
  (more: (s3: S3) => S3RequestOptions) =>
  (s3: S3, ask: Ask): PreparedRequest =>
    prepare(s3, ask, more(s3));

const presigned = (more: (s3: S3) => S3RequestOptions): Wrong['make'] =>
  signed((s3) => ({ auth: 'presigned', ...more(s3) }));

const authorization =
  (bend: (value: string) => string | undefined): Wrong['make'] =>
  (s3, ask) =>
    bendHeader(prepare(s3, ask), 'authorization', bend);

const inQuery =
  (bend: (target: string) => string): Wrong['make'] =>
  (s3, ask) => {
    const request = prepare(s3, ask, { auth: 'presigned' });
    return { ...request, target: bend(request.target) };
  };

const anonymous = (bend: (request: PreparedRequest) => PreparedRequest): Wrong['make'] => {
  return (s3, ask) => bend(prepare(s3, ask, { auth: 'anonymous' }));
};

const wrongSecret = (s3: S3) => ({
  credentials: { ...s3.credentials, secretAccessKey: `${s3.credentials.secretAccessKey}x` },
});
const unknownKey = (s3: S3) => ({
  credentials: { ...s3.credentials, accessKeyId: 'AKIANOSUCHKEY0000000' },
});
const at = (minutes: number) => () => ({ now: Date.now() + minutes * MINUTE_MS });

const refused = (code: string, make: Wrong['make'], status = 403): Wrong => ({ status, code, make });
const malformed = (make: Wrong['make']): Wrong => refused('AuthorizationHeaderMalformed', make, 400);
const badQuery = (make: Wrong['make']): Wrong => refused('AuthorizationQueryParametersError', make, 400);

const NONE: Readonly<Record<string, Wrong>> = {
  'no signature at all': refused(
    'AccessDenied',
    anonymous((request) => request),
  ),
  'an empty Authorization': refused(
    'AccessDenied',
    anonymous((request) => addHeaders(request, ['authorization', ''])),
  ),
  'Basic credentials': refused(
    'InvalidArgument',
    anonymous((request) => addHeaders(request, ['authorization', 'Basic cm9vdDpyb290'])),
    400,
  ),
  'a bearer token': refused(
    'InvalidArgument',
    anonymous((request) => addHeaders(request, ['authorization', 'Bearer e30.e30.'])),
    400,
  ),
  'signature version 2': refused(
    'InvalidRequest',
    anonymous((request) => addHeaders(request, ['authorization', 'AWS AKIA:c2lnbmF0dXJl'])),
    400,
  ),
  'signature version 2 in the query': refused(
    'InvalidRequest',
    anonymous((request) => addQuery(request, 'AWSAccessKeyId=AKIA&Expires=4102444800&Signature=c2ln')),
    400,
  ),
};

const IN_HEADER: Readonly<Record<string, Wrong>> = {
  'a wrong secret': refused('SignatureDoesNotMatch', signed(wrongSecret)),
  'an unknown key': refused('InvalidAccessKeyId', signed(unknownKey)),
  'a date that has passed': refused('RequestTimeTooSkewed', signed(at(-16))),
  'a date to come': refused('RequestTimeTooSkewed', signed(at(16))),
  'no date': refused('AccessDenied', (s3, ask) =>
    bendHeader(prepare(s3, ask), 'x-amz-date', () => undefined),
  ),
  'another region': malformed(signed(() => ({ region: 'eu-west-1' }))),
  'another service': malformed(authorization((value) => value.replace('/s3/', '/ec2/'))),
  'another terminator': malformed(authorization((value) => value.replace('aws4_request', 'aws4_requests'))),
  'another day in the scope': malformed(authorization((value) => value.replace(/\/\d{8}\//, '/20200101/'))),
  'a signature of capitals': malformed(authorization((value) => value.replace(/[^=]+$/, 'A'.repeat(64)))),
  'no signature in the header': malformed(authorization((value) => value.replace(/, ?Signature=.*/, ''))),
  'the signature of another method': refused('SignatureDoesNotMatch', (s3, ask) => ({
    ...prepare(s3, { ...ask, method: 'PATCH' }),
    method: ask.method,
  })),
  'the signature of another path': refused('SignatureDoesNotMatch', (s3, ask) => {
    const { target } = prepare(s3, ask);
    return { ...prepare(s3, { ...ask, path: '/another/path' }), target };
  }),
  'a host that is not signed': refused(
    'AccessDenied',
    authorization((value) => value.replace('host;', '')),
  ),
  'the header twice': malformed((s3, ask) => {
    const request = prepare(s3, ask);
    return addHeaders(request, ...request.headers.filter(([name]) => name === 'authorization'));
  }),
  'an empty header before it': refused(
    'InvalidArgument',
    (s3, ask) => {
      const request = prepare(s3, ask);
      return { ...request, headers: [['authorization', ''], ...request.headers] };
    },
    400,
  ),
  'signature version 4A': refused(
    'NotImplemented',
    authorization((value) => value.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256')),
    501,
  ),
  'a session token': refused(
    'InvalidToken',
    (s3, ask) => {
      const headers = { ...(ask.options.headers as Record<string, string>), 'x-amz-security-token': 'token' };
      return prepare(s3, ask, { headers });
    },
    400,
  ),
  'header and query': refused(
    'InvalidArgument',
    (s3, ask) => {
      const { headers } = prepare(s3, ask);
      return { ...prepare(s3, ask, { auth: 'presigned' }), headers };
    },
    400,
  ),
  'a hash that is none': refused(
    'InvalidArgument',
    signed(() => ({ payload: 'nonsense' })),
    400,
  ),
};

const IN_QUERY: Readonly<Record<string, Wrong>> = {
  'presigned with a wrong secret': refused('SignatureDoesNotMatch', presigned(wrongSecret)),
  'presigned by an unknown key': refused('InvalidAccessKeyId', presigned(unknownKey)),
  'presigned and expired': refused(
    'AccessDenied',
    presigned(() => ({ now: Date.now() - 2 * MINUTE_MS, expiresS: 60 })),
  ),
  'presigned for a time to come': refused('AccessDenied', presigned(at(16))),
  'presigned for another region': badQuery(presigned(() => ({ region: 'eu-west-1' }))),
  'presigned for another service': badQuery(inQuery((target) => target.replace('%2Fs3%2F', '%2Fec2%2F'))),
  'presigned with another terminator': badQuery(inQuery((target) => target.replace('aws4_request', 'aws4'))),
  'presigned with another day': badQuery(
    inQuery((target) => target.replace(/%2F\d{8}%2F/, '%2F20200101%2F')),
  ),
  'presigned for no time': badQuery(presigned(() => ({ expiresS: 0 }))),
  'presigned for less than no time': badQuery(presigned(() => ({ expiresS: -1 }))),
  'presigned for more than a week': badQuery(presigned(() => ({ expiresS: 604_801 }))),
  'presigned for ever': badQuery(
    inQuery((target) => target.replace(/X-Amz-Expires=\d+/, 'X-Amz-Expires=1e9')),
  ),
  'presigned without an end': badQuery(inQuery((target) => target.replace(/&X-Amz-Expires=\d+/, ''))),
  'presigned without a signature': badQuery(inQuery((target) => target.replace(/&X-Amz-Signature=.*/, ''))),
  'presigned twice': badQuery(inQuery((target) => `${target}&X-Amz-Signature=${'0'.repeat(64)}`)),
  'presigned in another case': refused(
    'AuthorizationQueryParametersError',
    inQuery((target) => target.replace('X-Amz-Signature', 'x-amz-signature')),
    400,
  ),
  'presigned with a session token': refused(
    'InvalidToken',
    inQuery((target) => `${target}&X-Amz-Security-Token=token`),
    400,
  ),
};

/** A body whose form is not what was signed is no way around the signature (CVE-2025-31489 of MinIO). */
const BY_PAYLOAD: Readonly<Record<string, Wrong>> = Object.fromEntries(
  [UNSIGNED_PAYLOAD, STREAMING_SIGNED, STREAMING_SIGNED_TRAILER, STREAMING_UNSIGNED_TRAILER].flatMap(
    (payload): [string, Wrong][] => [
      [
        `${payload} with a wrong secret`,
        refused(
          'SignatureDoesNotMatch',
          signed((s3) => ({ ...wrongSecret(s3), payload })),
        ),
      ],
      [
        `${payload} in place of the hash that was signed`,
        refused('SignatureDoesNotMatch', (s3, ask) =>
          bendHeader(prepare(s3, ask, { payload: '0'.repeat(64) }), 'x-amz-content-sha256', () => payload),
        ),
      ],
    ],
  ),
);

export const WRONG: Readonly<Record<string, Wrong>> = { ...NONE, ...IN_HEADER, ...IN_QUERY, ...BY_PAYLOAD };
