/** Parts that come, and those whose place they take. */

import { hash } from 'node:crypto';
import { DamagedRow } from '../../../damaged-row.ts';
import { CatalogError } from '../../../errors.ts';
import type { PartCopyRequest, PartRequest, PublishedPart } from '../../../uploads.ts';
import { partSum } from '../../row-sums.ts';
import { dropBlob } from '../../purge.ts';
import { referToContent, takeContent } from '../blobs.ts';
import { requireBucket } from '../context.ts';
import type { WriteContext } from '../context.ts';
import { partStart, requireOpenUpload } from './open-upload.ts';

/** A run of a part's bytes, with a reference taken to its blob. */
interface Run {
  readonly start: number;
  readonly length: number;
  readonly blob: number;
  readonly offset: number;
}

interface NewPart {
  readonly upload: number;
  readonly number: number;
  readonly seq: number;
  readonly size: number;
  readonly etag: string;
  readonly checksumValue: string | null;
}

export function publishPart(context: WriteContext, input: PartRequest): PublishedPart {
  const { content, size } = input;
  takeContent(context, content);
  const { scope } = requireBucket(context, input.bucket);
  requireOpenUpload(context, input);
  if (input.onlyNew === true && context.uploadReader.part(input.upload, input.number) !== undefined)
    throw new CatalogError('PartsChanged', 'Somebody else has sent that part');
  const seq = context.nextSequence();
  const blob = referToContent(context, { content, seq, scope, size });
  const runs = blob === null ? [] : [{ start: 0, length: size, blob, offset: 0 }];
  return putPart(context, { ...input, seq }, runs);
}

export function copyPart(context: WriteContext, input: PartCopyRequest): PublishedPart {
  const { sql, reader } = context;
  context.requireRoom();
  requireBucket(context, input.bucket);
  requireOpenUpload(context, input);
  const { sourceVersion: version, sourceAsOf: asOf = null, start, end } = input;
  const source = reader.findVersion(input.sourceBucket, input.sourceKey, { version, asOf });
  if (source?.seq !== input.sourceSeq)
    throw new CatalogError('SourceChanged', 'The source was replaced meanwhile');
  if (source.deleteMarker) throw new CatalogError('NoSuchKey', 'A delete marker cannot be copied');
  const runs = source.manifest === null ? [] : sourceRuns(context, source.manifest, start, end);
  for (const { blob } of runs) sql.addBlobRef.get(blob);
  const etag = input.etag ?? etagOfRuns(runs);
  return putPart(context, { ...input, seq: context.nextSequence(), size: end - start, etag }, runs);
}

type SourceRun = Run & { readonly sha256: Uint8Array; readonly whole: number };

function sourceRuns({ uploads }: WriteContext, manifest: number, start: number, end: number): SourceRun[] {
  const extents = uploads.sourceExtents.all(manifest, start, end) as unknown as SourceRun[];
  return extents.map((extent) => {
    const first = Math.max(extent.start, start);
    const last = Math.min(extent.start + extent.length, end);
    const { blob, sha256 } = extent;
    if (extent.whole !== 1) throw new DamagedRow(`the extent at ${extent.start} of a source`);
    const offset = extent.offset + first - extent.start;
    return { start: first - start, length: last - first, blob, offset, sha256, whole: 1 };
  });
}

/** Says where the bytes are: the same runs of the same blobs have the same, and so the same bytes. */
function etagOfRuns(runs: readonly SourceRun[]): string {
  return hash(
    'md5',
    runs.map(({ sha256, offset, length }) => `${hex(sha256)} ${offset} ${length}\n`).join(''),
  );
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function putPart(context: WriteContext, part: NewPart, runs: readonly Run[]): PublishedPart {
  const { sql, uploads, uploadReader } = context;
  const { upload, number, seq, size, etag, checksumValue } = part;
  const modifiedMs = context.now();
  const replaced = uploadReader.part(upload, number);
  // The references to what comes are taken by now: it may be the same bytes.
  if (replaced !== undefined) dropRuns(context, upload, number);
  for (const { start, length, blob, offset } of runs) {
    sql.insertExtent.run(upload, partStart(number) + start, length, blob, offset);
  }
  const sum = partSum(upload, { number, seq, size, etag, extents: runs.length, modifiedMs, checksumValue });
  uploads.putPart.run(upload, number, seq, size, etag, runs.length, modifiedMs, checksumValue, sum);
  uploads.growManifest.run(runs.length - (replaced?.extents ?? 0), upload);
  uploads.touchUpload.run(modifiedMs, upload);
  context.uploadChanged({ upload, part: number });
  return { seq, etag, modifiedMs };
}

/** Gives up the bytes of a part of an open upload. */
function dropRuns({ sql, uploads }: WriteContext, upload: number, number: number): void {
  const from = partStart(number);
  const runs = uploads.extentsBetween.all(upload, from, partStart(number + 1)) as unknown as {
    start: number;
    blob: number;
    whole: number;
  }[];
  for (const { start, blob, whole } of runs) {
    sql.deleteExtent.run(upload, start);
    if (whole === 1) dropBlob(sql, blob);
  }
}
