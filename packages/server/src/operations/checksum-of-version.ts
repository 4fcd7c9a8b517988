/** A checksum of a stored object that was not computed when it came: its bytes are read once. */

import { createChecksum } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Bucket, Version } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import type { Services } from './context.ts';
import { readVersion } from './read-version.ts';
import { idOf } from './version-ids.ts';

/** @returns Base64. @throws CatalogError SourceChanged when the key has another version by now */
export async function checksumOfVersion(
  services: Services,
  bucket: Bucket,
  version: Version,
  algorithm: ChecksumAlgorithm,
): Promise<string> {
  const checksum = createChecksum(algorithm);
  const choice = { version: idOf(version), asOf: bucket.asOf };
  const open = await services.catalog.openVersion(bucket.id, version.key, choice);
  try {
    if (open?.version.seq !== version.seq)
      throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
    await readVersion(services, open, (bytes) => {
      checksum.update(bytes);
      return undefined;
    });
    return checksum.digest().toString('base64');
  } finally {
    open?.release();
  }
}
