/** Bytes of a version, read and stored anew: what cannot, or should not, be shared. Nothing is published here. */

import { hash } from 'node:crypto';
import { checksumOf, createChecksum } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Placement } from '../blobs/blob-tiers.ts';
import type { Content, OpenVersion } from '../catalog/catalog.ts';
import { LIMITS } from '../limits.ts';
import type { Services } from './context.ts';
import { readVersion } from './read-version.ts';
import { placeBlob } from './receive-object.ts';

export interface StoredRange {
  readonly content: Content;
  /** The MD5 in lower-case hex. */
  readonly etag: string;
  /** Base64; null when none was wanted. */
  readonly checksumValue: string | null;
}

type Storing = Pick<Services, 'catalog' | 'blobs' | 'slabs' | 'hasher' | 'failStop'>;

export interface Target {
  /** Of the blob. */
  readonly scope: number;
  readonly placement: Placement;
  /** Of the checksum to compute. */
  readonly algorithm: ChecksumAlgorithm | undefined;
}

/**
 * Whoever gets a blob publishes it or releases it. The version is released as soon as its bytes were read.
 *
 * @param range bytes [start, end)
 */
export function storeRange(
  services: Storing,
  open: OpenVersion,
  range: { readonly start: number; readonly end: number },
  target: Target,
): Promise<StoredRange> {
  const size = range.end - range.start;
  const store = size <= LIMITS.inlineBytesMax ? storeInline : storeBlob;
  return store(services, open, { ...range, size }, target);
}

type Range = { readonly start: number; readonly end: number; readonly size: number };

async function storeInline(
  services: Storing,
  open: OpenVersion,
  range: Range,
  { algorithm }: Target,
): Promise<StoredRange> {
  const data = Buffer.allocUnsafeSlow(range.size);
  let filled = 0;
  const take = (bytes: Buffer): undefined => {
    filled += bytes.copy(data, filled);
  };
  await readVersion(services, open, take, range);
  const content: Content =
    range.size === 0 ? { kind: 'empty' } : { kind: 'inline', data, sha256: hash('sha256', data, 'buffer') };
  const checksumValue = algorithm === undefined ? null : checksumOf(algorithm, data).toString('base64');
  return { content, etag: hash('md5', data), checksumValue };
}

async function storeBlob(
  services: Storing,
  open: OpenVersion,
  range: Range,
  { scope, placement, algorithm }: Target,
): Promise<StoredRange> {
  const { blobs, slabs: pool, hasher } = services;
  const checksum = algorithm === undefined ? undefined : createChecksum(algorithm);
  const ingest = await blobs.ingest(placement, { pool, hasher, size: range.size });
  try {
    await readVersion(
      services,
      open,
      (bytes) => {
        checksum?.update(bytes);
        return ingest.write(bytes);
      },
      range,
    );
    const staged = await ingest.finish();
    // The same content may be being deleted: then its reservation waits for the readers, and this is one of them.
    open.release();
    const content = await placeBlob(services, staged, { scope, placement });
    const checksumValue = checksum?.digest().toString('base64') ?? null;
    return { content, etag: staged.md5.toString('hex'), checksumValue };
  } catch (error) {
    await ingest.discard();
    throw error;
  }
}
