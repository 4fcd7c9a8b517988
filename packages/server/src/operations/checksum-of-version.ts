/** A checksum of a stored object that was not computed when it came: its bytes are read once. */

import { createChecksum } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Bucket, Version } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import type { Services } from './context.ts';

const CHUNK_BYTES = 256 * 1024;

/** @returns Base64. @throws CatalogError SourceChanged when the key has another version by now */
export async function checksumOfVersion(
  { catalog, blobs }: Services,
  bucket: Bucket,
  version: Version,
  algorithm: ChecksumAlgorithm,
): Promise<string> {
  const checksum = createChecksum(algorithm);
  const open = await catalog.openVersion(bucket.id, version.key, { asOf: bucket.asOf });
  try {
    if (open?.version.seq !== version.seq)
      throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
    for (const extent of await open.extents(0, version.size)) {
      if (extent.data !== null) {
        checksum.update(extent.data.subarray(extent.offset, extent.offset + extent.length));
        continue;
      }
      if (extent.location === null) throw new Error('an inline blob without data');
      const reader = await blobs.open(extent.location, 0);
      try {
        const end = extent.offset + extent.length;
        const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
        for (let position = extent.offset; position < end;) {
          const read = await reader.read(chunk.subarray(0, Math.min(chunk.length, end - position)), position);
          if (read === 0) throw new Error('a blob file is shorter than it should be');
          checksum.update(chunk.subarray(0, read));
          position += read;
        }
      } finally {
        await reader.close();
      }
    }
    return checksum.digest().toString('base64');
  } finally {
    open?.release();
  }
}
