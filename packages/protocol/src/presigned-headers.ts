/**
 * @module Headers that the maker of a presigned URL moved into its query.
 *
 * SDKs do so with every `x-amz-*` header of the request that they presign (`x-amz-checksum-mode` of a GET, `x-amz-meta-*`
 * of a PUT), so that whoever uses the URL need not send them. The signature covers the whole query, so they are as good
 * as signed headers. What they may say is decided where headers are judged: one that S3 does not take from the query,
 * such as `x-amz-acl`, is done or refused here, but not ignored.
 */

import { CHECKSUM_ALGORITHMS, checksumHeader } from './checksums/algorithm.ts';
import type { ChecksumAlgorithm } from './checksums/algorithm.ts';
import { invalidArgument } from './errors.ts';
import { RawHeaders, trimBlanks } from './raw-headers.ts';
import { UNSIGNED_PAYLOAD } from './sigv4/payload-mode.ts';
import type { Query } from './target.ts';

/** Parameters of the signature itself; their case matters. */
const SIGNATURE_PARAMETERS = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Content-Sha256',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
]);

const SIGNATURE_HEADERS: ReadonlySet<string> = new Set(
  [...SIGNATURE_PARAMETERS].map((name) => name.toLowerCase()),
);

export function isSignatureParameter(name: string): boolean {
  return SIGNATURE_PARAMETERS.has(name);
}

/** Of no bytes. */
const EMPTY_CHECKSUMS: Readonly<Record<ChecksumAlgorithm, string>> = {
  CRC32: 'AAAAAA==',
  CRC32C: 'AAAAAA==',
  CRC64NVME: 'AAAAAAAAAAA=',
  MD5: '1B2M2Y8AsgTpgAmY7PhCfg==',
  SHA1: '2jmj7l5rSw0yVb/vlWAYkK/YBwk=',
  SHA256: '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  SHA512: 'z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==',
  XXHASH64: '70bbN1HY6Zk=',
  XXHASH3: 'LQaABTjTlMI=',
  XXHASH128: 'maoG0wFHmNhgAcMkRo1Jfw==',
};

/**
 * The JavaScript SDK signs the checksum of an empty body into every presigned PUT, for want of the body that is to
 * come. It says nothing about the object, and S3 does not look at it.
 */
const PLACEHOLDERS: ReadonlyMap<string, string> = new Map(
  CHECKSUM_ALGORITHMS.map((algorithm) => [checksumHeader(algorithm), EMPTY_CHECKSUMS[algorithm]]),
);

function saysNothing(name: string, value: string): boolean {
  if (name === 'x-amz-content-sha256') return value === UNSIGNED_PAYLOAD;
  return name === 'x-amz-sdk-checksum-algorithm' || PLACEHOLDERS.get(name) === value;
}

const HEADER_NAME = /^x-(?:amz|cistern)-[a-z0-9!#$%&'*+.^_`|~-]+$/;
// oxlint-disable-next-line no-control-regex -- they would end the header when it is sent back
const CONTROL = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** The name under which a parameter counts as a header; undefined when it does not. */
export function headerOfParameter(name: string, value: string): string | undefined {
  if (isSignatureParameter(name)) return undefined;
  const lower = name.toLowerCase();
  if (!lower.startsWith('x-amz-') && !lower.startsWith('x-cistern-')) return undefined;
  return saysNothing(lower, value) ? undefined : lower;
}

/**
 * The headers of a presigned request, with those that stand in its query. To be called once the signature has been
 * verified, and only when it came by the query.
 *
 * @throws S3Error InvalidArgument for what could not be a header, and when header and query are at odds
 */
export function withPresignedHeaders(headers: RawHeaders, query: Query): RawHeaders {
  const moved: [string, string][] = [];
  for (const [parameter, value] of query.entries()) {
    const name = headerOfParameter(parameter, value);
    if (name === undefined) continue;
    if (SIGNATURE_HEADERS.has(name)) {
      // In another case it has had no part in verifying the signature: its maker meant more than was checked.
      const proper = [...SIGNATURE_PARAMETERS].find((one) => one.toLowerCase() === name) ?? name;
      throw invalidArgument(`This parameter is written ${proper}.`, parameter, value);
    }
    if (!HEADER_NAME.test(name) || CONTROL.test(value)) {
      throw invalidArgument('A parameter that stands for a header is not valid as one.', parameter, value);
    }
    // Header values are bytes, one character each.
    const bytes = trimBlanks(Buffer.from(value).toString('latin1'));
    const sent = headers.get(name) ?? moved.find(([other]) => other === name)?.[1];
    if (sent === undefined) moved.push([name, bytes]);
    else if (sent !== bytes)
      throw invalidArgument(`${name} was given twice, with different values.`, name, value);
  }
  return moved.length === 0 ? headers : RawHeaders.from([...headers.entries(), ...moved]);
}
