/**
 * @module How the checksum of a multipart object comes from those of its parts: COMPOSITE is the checksum of the parts'
 * checksums and ends in `-N`, FULL_OBJECT is that of the joined bytes.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html: CRC32 and CRC32C
 * may be both, CRC64NVME is always FULL_OBJECT, the others are always COMPOSITE. Where no type is named it is
 * COMPOSITE, but for CRC64NVME.
 */

import { S3Error } from '../errors.ts';
import type { ChecksumAlgorithm } from './algorithm.ts';

export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT';

/** The algorithms whose checksum of joined bytes can be computed from those of the pieces. */
export type CombinableAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME';

const TYPES: Readonly<Record<ChecksumAlgorithm, readonly [ChecksumType, ...ChecksumType[]]>> = {
  CRC32: ['COMPOSITE', 'FULL_OBJECT'],
  CRC32C: ['COMPOSITE', 'FULL_OBJECT'],
  CRC64NVME: ['FULL_OBJECT'],
  MD5: ['COMPOSITE'],
  SHA1: ['COMPOSITE'],
  SHA256: ['COMPOSITE'],
  SHA512: ['COMPOSITE'],
  XXHASH64: ['COMPOSITE'],
  XXHASH3: ['COMPOSITE'],
  XXHASH128: ['COMPOSITE'],
};

/** @throws S3Error InvalidRequest for a value that is neither of the two */
export function parseChecksumType(value: string): ChecksumType {
  const upper = value.toUpperCase();
  if (upper === 'COMPOSITE' || upper === 'FULL_OBJECT') return upper;
  throw new S3Error('InvalidRequest', 'Value for x-amz-checksum-type header is invalid.');
}

/**
 * The type of an upload's checksum.
 *
 * @param type undefined: the one that S3 takes when none is named
 * @throws S3Error InvalidRequest for a pair that S3 does not have
 */
export function checksumTypeOf(algorithm: ChecksumAlgorithm, type?: ChecksumType): ChecksumType {
  const types = TYPES[algorithm];
  if (type === undefined) return types[0];
  if (types.includes(type)) return type;
  throw new S3Error(
    'InvalidRequest',
    `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
  );
}

/** The type of a stored value: only composite ones have a dash, which Base64 has not. */
export function checksumTypeOfValue(value: string): ChecksumType {
  return value.includes('-') ? 'COMPOSITE' : 'FULL_OBJECT';
}

export function isCombinable(algorithm: ChecksumAlgorithm): algorithm is CombinableAlgorithm {
  return TYPES[algorithm].includes('FULL_OBJECT');
}
