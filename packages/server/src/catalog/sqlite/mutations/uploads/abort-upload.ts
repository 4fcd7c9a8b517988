/** Ending uploads without a version: one that somebody aborts, and those that were abandoned. */

import type { UploadName } from '../../../uploads.ts';
import { purgeManifest } from '../../purge.ts';
import type { WriteContext } from '../context.ts';
import { requireOpenUpload } from './open-upload.ts';

export function abortUpload(context: WriteContext, input: UploadName): undefined {
  endUpload(context, requireOpenUpload(context, input).id);
  return undefined;
}

/**
 * A slice of the uploads that nobody goes on with: those to which nothing came since `before`, and those whose bucket
 * was deleted. @returns how many it were
 */
export function abortAbandoned(context: WriteContext, before: number, limit: number): number {
  const { idleUploads, orphanedUploads } = context.uploads;
  const idle = idleUploads.all(before, limit) as unknown as { id: number }[];
  const orphaned = orphanedUploads.all(limit) as unknown as { id: number }[];
  const ids = new Set([...idle, ...orphaned].map(({ id }) => id));
  for (const id of ids) endUpload(context, id);
  return ids.size;
}

/** Uploads from a time that is still to come would be kept until then: what it was when the clock was wrong is not known. */
export function bringBack({ uploads }: WriteContext, nowMs: number): void {
  uploads.bringBackOpen.run(nowMs, nowMs);
  uploads.bringBackEnded.run(nowMs, nowMs);
}

/** Its parts are the reaper's from now on. */
function endUpload(context: WriteContext, id: number): void {
  context.uploads.abortUpload.run(context.now(), id);
  purgeManifest(context.sql, id);
  context.uploadChanged({ upload: id, part: null });
}
