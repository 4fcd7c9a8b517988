/**
 * Appending to an object: one extent and one part more on its manifest. Its bytes so far are neither read nor copied. An
 * object that shares its manifest with another that goes on differently gets a manifest of its own first.
 */

import { hash } from 'node:crypto';
import {
  canCompute,
  checksumTypeOfValue,
  combineChecksums,
  compositeChecksum,
  isCombinable,
  OBJECT_PARTS_MAX,
} from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Appended, AppendRequest, Version } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { partSum } from '../row-sums.ts';
import { FEED_KIND, VERSIONING } from '../schema.ts';
import type { Part } from '../../uploads.ts';
import type { WriteStatements } from '../write-statements.ts';
import { referToContent, takeContent } from './blobs.ts';
import { checkCondition } from './conditions.ts';
import { requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';
import { makeCurrent } from './history.ts';
import { publishContent } from './publish.ts';

export function appendVersion(context: WriteContext, input: AppendRequest): Appended {
  const { sql } = context;
  const { content, size: added } = input;
  takeContent(context, content);
  const bucket = requireBucket(context, input.bucket);
  if (bucket.versioning !== VERSIONING.never)
    throw new CatalogError('VersionedBucket', 'Objects of a bucket with versions are not appended to');
  const current = context.reader.findVersion(bucket.id, input.key);
  checkCondition(current, input.condition);
  if (input.offset !== (current?.size ?? 0))
    throw new CatalogError('InvalidWriteOffset', `The object has ${current?.size ?? 0} bytes`);
  if (current === undefined) {
    const { etag, checksumAlgorithm, checksumValue } = input;
    const published = publishContent(context, bucket, { ...input, parts: 0, kind: FEED_KIND.put });
    return { ...published, size: added, etag, checksumAlgorithm, checksumValue };
  }
  const parts = Math.max(current.parts, 1) + 1;
  if (parts > OBJECT_PARTS_MAX)
    throw new CatalogError('TooManyParts', `The object has ${OBJECT_PARTS_MAX} parts`);
  const seq = context.nextSequence();
  const size = current.size + added;
  const manifest = extendable(context, current, seq);
  if (current.parts === 0) putPart(sql, { ...current, seq, manifest, number: 1 });
  const now = context.now();
  const blob = referToContent(context, { content, seq, scope: bucket.scope, size: added });
  if (blob !== null) sql.insertExtent.run(manifest, current.size, added, blob, 0);
  const extents = current.extents + (blob === null ? 0 : 1);
  const partExtents = extents - current.extents;
  const { etag, checksumValue } = input;
  const part = { seq, size: added, etag, extents: partExtents, modifiedMs: now, checksumValue };
  putPart(sql, { ...part, manifest, number: parts });
  sql.setManifestEnd.run(extents, size, manifest);
  const made = {
    size,
    etag: `${hash('md5', `${current.etag} ${input.etag}`, 'hex')}-${parts}`,
    ...appendedChecksum(context, { current, input, manifest, parts }),
  };
  const { storageClass, owner, attributes, tags, key, restoredUntilMs } = current;
  const kept = { storageClass, owner, attributes, tags, key, restoredUntilMs };
  const published = makeCurrent(context, bucket, {
    ...kept,
    ...made,
    seq,
    manifest,
    extents,
    parts,
    modifiedMs: now,
    kind: FEED_KIND.append,
  });
  return { ...published, ...made };
}

function putPart(sql: WriteStatements, part: Part & { readonly manifest: number }): void {
  const { manifest, number, seq, size, etag, extents, modifiedMs, checksumValue } = part;
  const sum = partSum(manifest, part);
  sql.insertPart.run(manifest, number, seq, size, etag, extents, modifiedMs, checksumValue, sum);
}

/** The manifest of a version, with a reference taken, or a copy of it where it cannot be extended for this version. */
function extendable({ sql }: WriteContext, version: Version, seq: number): number {
  const { manifest } = version;
  if (manifest === null) {
    sql.insertManifest.run(seq, 0, 0);
    return seq;
  }
  // Whatever was appended for another version is a part that this one does not have; nor has a copy those of its source.
  const { parts } = sql.partCount.get(manifest) as { parts: number };
  if (parts === version.parts) {
    sql.addManifestRef.run(manifest);
    return manifest;
  }
  sql.insertManifest.run(seq, version.extents, version.size);
  sql.refExtents.run(manifest, version.size);
  sql.copyExtents.run(manifest, version.size, seq);
  if (version.parts > 0) sql.copyParts.run(seq, manifest, version.parts);
  return seq;
}

/**
 * CRCs of the whole are kept up with each append that comes with one. The others are those of the parts, each of which
 * must have come with one. Otherwise, and where this thread cannot compute it, the object has no checksum any more.
 */
function appendedChecksum(
  { sql }: WriteContext,
  {
    current,
    input,
    manifest,
    parts,
  }: { current: Version; input: AppendRequest; manifest: number; parts: number },
): { checksumAlgorithm: string | null; checksumValue: string | null } {
  const { checksumAlgorithm, checksumValue } = current;
  const none = { checksumAlgorithm: null, checksumValue: null };
  if (checksumAlgorithm === null || checksumValue === null || input.checksumValue === null) return none;
  if (input.checksumAlgorithm !== checksumAlgorithm) return none;
  const algorithm = checksumAlgorithm as ChecksumAlgorithm;
  if (isCombinable(algorithm) && checksumTypeOfValue(checksumValue) === 'FULL_OBJECT') {
    const pieces = [
      { value: checksumValue, length: current.size },
      { value: input.checksumValue, length: input.size },
    ];
    return { checksumAlgorithm, checksumValue: combineChecksums(algorithm, pieces) };
  }
  // Of parts that the object, a copy, does not have.
  if (current.parts === 0 && checksumTypeOfValue(checksumValue) === 'COMPOSITE') return none;
  const values = (sql.partChecksums.all(manifest, parts) as { value: string | null }[]).map(
    ({ value }) => value,
  );
  if (values.some((value) => value === null) || !canCompute(algorithm)) return none;
  return { checksumAlgorithm, checksumValue: compositeChecksum(algorithm, values as string[]) };
}
