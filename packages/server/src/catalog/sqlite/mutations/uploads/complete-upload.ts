/**
 * Making a version of an upload's parts: rows are moved, no bytes. In one transaction, so that no reader sees a manifest
 * whose parts stand half here and half there.
 */

import type { Published } from '../../../catalog.ts';
import { CatalogError } from '../../../errors.ts';
import type { CompletionRequest, Part } from '../../../uploads.ts';
import { FEED_KIND } from '../../schema.ts';
import { checkCondition } from '../conditions.ts';
import { requireBucket } from '../context.ts';
import type { WriteContext } from '../context.ts';
import { makeCurrent } from '../history.ts';
import { partStart, requireOpenUpload } from './open-upload.ts';

const PARTS_MAX = 10_000;

export function completeUpload(context: WriteContext, input: CompletionRequest): Published {
  const { uploads, uploadReader } = context;
  context.requireRoom();
  const bucket = requireBucket(context, input.bucket);
  const upload = requireOpenUpload(context, input);
  const { listed, others } = divide(uploadReader.parts(upload.id, 0, PARTS_MAX), input);
  if (input.condition !== null)
    checkCondition(context.reader.findVersion(bucket.id, input.key), input.condition);
  if (others.length > 0) leaveOut(context, upload.id, others);
  const { size, extents } = join(context, upload.id, listed);
  const { owner, storageClass, attributes, tags, checksumAlgorithm } = upload;
  const { key, etag, checksumValue, partList } = input;
  // The reference that the upload had to its manifest is the version's from now on.
  const published = makeCurrent(context, bucket, {
    key,
    seq: context.nextSequence(),
    manifest: upload.id,
    extents,
    parts: listed.length,
    size,
    etag,
    storageClass,
    owner,
    attributes,
    tags,
    checksumAlgorithm: checksumValue === null ? null : checksumAlgorithm,
    checksumValue,
    kind: FEED_KIND.complete,
  });
  uploads.completeUpload.run(published.modifiedMs, published.seq, etag, checksumValue, partList, upload.id);
  context.uploadChanged({ upload: upload.id, part: null });
  return published;
}

/** @throws CatalogError PartsChanged */
function divide(
  parts: readonly Part[],
  { numbers, seqs }: CompletionRequest,
): { listed: Part[]; others: Part[] } {
  const listed: Part[] = [];
  const others: Part[] = [];
  for (const part of parts) {
    if (part.number !== numbers[listed.length]) others.push(part);
    else if (part.seq === seqs[listed.length]) listed.push(part);
    else break;
  }
  if (listed.length !== numbers.length)
    throw new CatalogError('PartsChanged', 'A part was sent again meanwhile');
  return { listed, others };
}

/** Gives up parts under a manifest of their own, without references: however many they are, the reaper takes it apart. */
function leaveOut(context: WriteContext, upload: number, parts: readonly Part[]): void {
  const { uploads } = context;
  const rest = context.nextSequence();
  let extents = 0;
  for (const run of runsOf(parts, () => true)) {
    const end = run.first + run.count;
    uploads.takeExtents.run(rest, upload, partStart(run.first), partStart(end));
    uploads.takeParts.run(rest, upload, run.first, end);
    extents += run.extents;
  }
  uploads.insertUnreferencedManifest.run(rest, extents);
}

/**
 * Moves the parts to where they begin in the object and numbers them from 1 on. In ascending order no row meets another:
 * parts are smaller than the distance at which they stood, so each moves down, to below all that have not moved yet.
 */
function join(
  { uploads }: WriteContext,
  upload: number,
  parts: readonly Part[],
): { size: number; extents: number } {
  let size = 0;
  let extents = 0;
  let number = 1;
  for (const run of runsOf(parts, (part, before) => part.size === before.size)) {
    const { first, count } = run;
    const end = first + count;
    if (run.extents > 0)
      uploads.moveExtents.run(size, first, run.partSize, upload, partStart(first), partStart(end));
    if (first !== number) uploads.renumberParts.run(first - number, upload, first, end);
    size += count * run.partSize;
    extents += run.extents;
    number += count;
  }
  uploads.setManifest.run(extents, size, upload);
  return { size, extents };
}

interface PartRun {
  readonly first: number;
  readonly partSize: number;
  count: number;
  extents: number;
}

/** Neighbours that go together: one statement moves them all, and mostly an upload is a single run and a shorter part. */
function runsOf(parts: readonly Part[], together: (part: Part, before: Part) => boolean): PartRun[] {
  const runs: PartRun[] = [];
  let before: Part | undefined;
  for (const part of parts) {
    const run = runs.at(-1);
    if (run !== undefined && part.number === run.first + run.count && before && together(part, before)) {
      run.count++;
      run.extents += part.extents;
    } else {
      runs.push({ first: part.number, partSize: part.size, count: 1, extents: part.extents });
    }
    before = part;
  }
  return runs;
}
