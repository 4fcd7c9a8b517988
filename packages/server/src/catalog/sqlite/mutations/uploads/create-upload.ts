/** Beginning an upload: its row, and the manifest that its parts are collected in. */

import type { UploadRequest } from '../../../uploads.ts';
import { requireBucket } from '../context.ts';
import type { WriteContext } from '../context.ts';

export function createUpload(
  context: WriteContext,
  input: UploadRequest,
): { id: number; initiatedMs: number } {
  const { uploads } = context;
  context.requireRoom();
  requireBucket(context, input.bucket);
  const id = context.nextSequence();
  const initiatedMs = context.now();
  uploads.insertManifest.run(id);
  uploads.insertUpload.run(
    id,
    input.bucket,
    input.key,
    Number(input.live),
    initiatedMs,
    initiatedMs,
    input.owner,
    input.initiator,
    input.storageClass,
    input.attributes,
    input.tags,
    input.checksumAlgorithm,
    input.checksumType,
  );
  return { id, initiatedMs };
}
