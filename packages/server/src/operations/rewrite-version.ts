/**
 * A copy whose storage class is kept elsewhere, or otherwise, than its source's bytes: these are read and stored anew.
 * Nothing is published here.
 */

import { checksumTypeOfValue, S3Error } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Placement } from '../blobs/blob-tiers.ts';
import type { Content, Extent, OpenVersion, Version } from '../catalog/catalog.ts';
import { extentsOf } from '../catalog/extents.ts';
import { LIMITS } from '../limits.ts';
import type { Services } from './context.ts';
import { storeRange } from './store-range.ts';

/** S3's limit for a copy in one request; what only takes references has none. Bytes. */
const COPY_BYTES_MAX = 5 * 1024 * 1024 * 1024;

/** Of the copy: one object, whatever parts its source had. */
export interface Rewritten {
  readonly content: Content;
  readonly etag: string;
  readonly checksumAlgorithm: string | null;
  readonly checksumValue: string | null;
}

/** Whether any of its blobs is stored otherwise than new ones are. What small objects consist of stays where it is. */
export async function isElsewhere(
  { blobs }: Services,
  open: OpenVersion,
  placement: Placement,
): Promise<boolean> {
  const { size } = open.version;
  if (blobs.uniform || size <= LIMITS.inlineBytesMax) return false;
  for await (const extent of extentsOf(open, 0, size)) if (liesElsewhere(extent, placement)) return true;
  return false;
}

export function liesElsewhere({ location, tier, codec }: Extent, placement: Placement): boolean {
  return location !== null && (tier !== placement.tier || codec !== placement.codec);
}

/** To be called before all bytes of a source are read. @throws S3Error InvalidRequest */
export function refuseTooLarge({ size }: Pick<Version, 'size'>): void {
  if (size <= COPY_BYTES_MAX) return;
  const message = 'The specified copy source is larger than the maximum allowable size for a copy source: ';
  throw new S3Error('InvalidRequest', message + COPY_BYTES_MAX);
}

/**
 * @param wanted the checksum that the copy shall have; undefined: that of the source
 * @throws S3Error InvalidRequest when the source is too large
 */
export async function rewriteVersion(
  services: Services,
  open: OpenVersion,
  {
    scope,
    placement,
    wanted,
  }: { scope: number; placement: Placement; wanted: ChecksumAlgorithm | undefined },
): Promise<Rewritten> {
  const { version } = open;
  const { size } = version;
  refuseTooLarge(version);
  const algorithm = toCompute(version, wanted);
  const range = { start: 0, end: size };
  const { content, etag, checksumValue } = await storeRange(services, open, range, {
    scope,
    placement,
    algorithm,
  });
  if (algorithm !== undefined) return { content, etag, checksumAlgorithm: algorithm, checksumValue };
  return {
    content,
    etag,
    checksumAlgorithm: version.checksumAlgorithm,
    checksumValue: version.checksumValue,
  };
}

/** A checksum of the parts' checksums says nothing of an object without parts. */
function toCompute(
  { checksumAlgorithm, checksumValue }: Version,
  wanted: ChecksumAlgorithm | undefined,
): ChecksumAlgorithm | undefined {
  const composite = checksumValue !== null && checksumTypeOfValue(checksumValue) === 'COMPOSITE';
  if (composite) return wanted ?? (checksumAlgorithm as ChecksumAlgorithm);
  return wanted === checksumAlgorithm ? undefined : wanted;
}
