/** Removes uploads that nobody has written to for long, and what is left of completed ones. */

import { isStoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import type { CleanedUpload } from '../../uploads/clean-uploads.ts';
import { remove, uploadBlob, UPLOADS_PREFIX } from './append-blob.ts';
import type { Listing } from './listing.ts';
import { AzureUploadSource } from './upload-source.ts';
import { eachUpload } from './uploads.ts';
import type { FoundUpload } from './uploads.ts';

export async function cleanUploads(
  from: Listing,
  { olderThanMs, dryRun, signal }: CallOptions & { olderThanMs: number; dryRun: boolean },
): Promise<CleanedUpload[]> {
  const removed: CleanedUpload[] = [];
  for await (const upload of eachUpload(from, UPLOADS_PREFIX, signal)) {
    const { key, id, changedAt, etag } = upload;
    const reason = (await isCompleted(from, upload, signal)) ? 'leftover' : 'abandoned';
    if (reason === 'abandoned' && changedAt.getTime() > Date.now() - olderThanMs) continue;
    try {
      // One that is written to after all has another etag by now.
      const blob = uploadBlob(from.client, from.container, key, id, 'upload');
      if (!dryRun) await remove({ blob, key }, etag);
      removed.push({ key, id, reason });
    } catch (error) {
      if (!isStoreError(error, 'PreconditionFailed')) throw error;
    }
  }
  return removed;
}

/** Whether the object is there: its writer ended before it could clean up. */
async function isCompleted(
  { client, container }: Listing,
  { key, id, completing }: FoundUpload,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (!completing) return false;
  const blob = uploadBlob(client, container, key, id, 'openUpload');
  const { etag } = await new AzureUploadSource({ key, id, partSize: 0, blob }).look(signal);
  return etag !== undefined;
}
