/**
 * @module The checksum algorithms of S3: their names, headers and Base64 values.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html.
 */

import { S3Error } from '../errors.ts';

/** All of them, in the order in which a refusal names them. */
export const CHECKSUM_ALGORITHMS = [
  'CRC32',
  'CRC32C',
  'CRC64NVME',
  'MD5',
  'SHA1',
  'SHA256',
  'SHA512',
  'XXHASH64',
  'XXHASH3',
  'XXHASH128',
] as const;

export type ChecksumAlgorithm = (typeof CHECKSUM_ALGORITHMS)[number];

const DIGEST_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = {
  CRC32: 4,
  CRC32C: 4,
  CRC64NVME: 8,
  MD5: 16,
  SHA1: 20,
  SHA256: 32,
  SHA512: 64,
  XXHASH64: 8,
  XXHASH3: 8,
  XXHASH128: 16,
};

const HEADERS: Readonly<Record<ChecksumAlgorithm, string>> = {
  CRC32: 'x-amz-checksum-crc32',
  CRC32C: 'x-amz-checksum-crc32c',
  CRC64NVME: 'x-amz-checksum-crc64nvme',
  MD5: 'x-amz-checksum-md5',
  SHA1: 'x-amz-checksum-sha1',
  SHA256: 'x-amz-checksum-sha256',
  SHA512: 'x-amz-checksum-sha512',
  XXHASH64: 'x-amz-checksum-xxhash64',
  XXHASH3: 'x-amz-checksum-xxhash3',
  XXHASH128: 'x-amz-checksum-xxhash128',
};

const BY_HEADER: ReadonlyMap<string, ChecksumAlgorithm> = new Map(
  CHECKSUM_ALGORITHMS.map((algorithm) => [HEADERS[algorithm], algorithm]),
);

/** The length of a digest, in bytes. */
export function checksumBytes(algorithm: ChecksumAlgorithm): number {
  return DIGEST_BYTES[algorithm];
}

/** The lower-case name of the header or trailer that carries a checksum. */
export function checksumHeader(algorithm: ChecksumAlgorithm): string {
  return HEADERS[algorithm];
}

/** The algorithm whose checksum a header carries; undefined for any other header. @param name in lower case */
export function checksumAlgorithmOfHeader(name: string): ChecksumAlgorithm | undefined {
  return BY_HEADER.get(name);
}

/** Reads a name as in `x-amz-checksum-algorithm`, in any case. @throws S3Error InvalidRequest for one that S3 does not know */
export function parseChecksumAlgorithm(name: string): ChecksumAlgorithm {
  const upper = name.toUpperCase();
  const found = CHECKSUM_ALGORITHMS.find((algorithm) => algorithm === upper);
  if (found !== undefined) return found;
  throw new S3Error(
    'InvalidRequest',
    `Checksum algorithm provided is unsupported. Please try again with any of the valid types: [${CHECKSUM_ALGORITHMS.join(', ')}]`,
  );
}

/**
 * Reads the value of a checksum header or trailer.
 *
 * @returns the digest's bytes, those of CRCs and XXHashes in big-endian order
 * @throws S3Error InvalidRequest unless it is the one canonical Base64 form of a digest of the right length
 */
export function parseChecksum(algorithm: ChecksumAlgorithm, base64: string): Buffer {
  const digest = Buffer.from(base64, 'base64');
  // Buffer skips what is not Base64, so only a round trip proves the text.
  if (digest.length !== DIGEST_BYTES[algorithm] || digest.toString('base64') !== base64) {
    throw new S3Error('InvalidRequest', `Value for ${HEADERS[algorithm]} header is invalid.`);
  }
  return digest;
}

/** The value of a checksum header. */
export function formatChecksum(digest: Uint8Array): string {
  return Buffer.from(digest.buffer, digest.byteOffset, digest.byteLength).toString('base64');
}
