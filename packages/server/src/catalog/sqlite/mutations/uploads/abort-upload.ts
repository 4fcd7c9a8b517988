/** Ending uploads without a version: one that somebody aborts, and those that were abandoned. */

import type { UploadName } from '../../../uploads.ts';
import { purgeManifest } from '../../purge.ts';
import type { WriteContext } from '../context.ts';
import { requireOpenUpload } from './open-upload.ts';

export function abortUpload(context: WriteContext, input: UploadName): undefined {
  if (context.uploadReader.isDamaged(input)) removeDamaged(context, input.upload);
  else endUpload(context, requireOpenUpload(context, input).id);
  return undefined;
}

/**
 * A slice of the uploads that nobody goes on with: those to which nothing came since `before`, and those whose bucket
 * was deleted. @returns how many it were
 */
export function abortAbandoned(context: WriteContext, before: number, limit: number): number {
  const { idleUploads, orphanedUploads } = context.uploads;
  const idle = idleUploads.all(before, limit) as unknown as Abandoned[];
  const orphaned = orphanedUploads.all(limit) as unknown as Abandoned[];
  const found = new Map([...idle, ...orphaned].map(({ id, whole }) => [id, whole === 1]));
  for (const [id, whole] of found) {
    if (whole) endUpload(context, id);
    else removeDamaged(context, id);
  }
  return found.size;
}

interface Abandoned {
  readonly id: number;
  readonly whole: number;
}

/** Uploads from a time that is still to come would be kept until then: what it was when the clock was wrong is not known. */
export function bringBack({ uploads }: WriteContext, nowMs: number): void {
  uploads.bringBackOpen.run(nowMs, nowMs);
  uploads.bringBackEnded.run(nowMs, nowMs);
}

/**
 * Its row goes, for nothing in it can be believed. So do its parts when they stand as no object's do; otherwise an object may
 * have been made of them, and what is kept without need is no loss.
 */
function removeDamaged({ sql, uploads, uploadChanged }: WriteContext, id: number): void {
  const free = uploads.holdsOpenParts.get(id) !== undefined;
  uploads.deleteRow.run(id);
  if (free) purgeManifest(sql, id);
  uploadChanged({ upload: id, part: null });
}

/** Its parts are the reaper's from now on. */
function endUpload(context: WriteContext, id: number): void {
  context.uploads.abortUpload.run(context.now(), id);
  purgeManifest(context.sql, id);
  context.uploadChanged({ upload: id, part: null });
}
