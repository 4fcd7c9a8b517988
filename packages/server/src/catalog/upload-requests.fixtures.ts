/** Multipart uploads to a catalog, step by step, with every field that a test does not care about filled in. */

import type { Catalog, Published } from './catalog.ts';
import { extentsOf } from './extents.ts';
import { inline } from './requests.fixtures.ts';
import type {
  CompletionRequest,
  PartCopyRequest,
  PartRequest,
  PublishedPart,
  UploadName,
  UploadRequest,
} from './uploads.ts';

/** Begins an upload. */
export async function begin(
  catalog: Catalog,
  fields: Pick<UploadRequest, 'bucket' | 'key'> & Partial<UploadRequest>,
): Promise<UploadName> {
  const { id } = await catalog.uploads.createUpload({
    live: false,
    owner: 'alice',
    initiator: 'bob',
    storageClass: 'STANDARD',
    attributes: '{}',
    tags: null,
    checksumAlgorithm: null,
    checksumType: null,
    ...fields,
  });
  return { bucket: fields.bucket, key: fields.key, upload: id };
}

/** Sends a part that is kept in the catalog; an empty text is a part of no bytes. */
export function send(
  catalog: Catalog,
  name: UploadName,
  number: number,
  text: string,
  fields: Partial<PartRequest> = {},
): Promise<PublishedPart> {
  const bytes = inline(text);
  const content = text === '' ? ({ kind: 'empty' } as const) : bytes.content;
  return catalog.uploads.publishPart({ ...name, ...bytes, content, number, checksumValue: null, ...fields });
}

/** Copies [start, end) of the latest version of a key into a part. */
export async function copyRange(
  catalog: Catalog,
  name: UploadName,
  fields: Pick<PartCopyRequest, 'number' | 'sourceBucket' | 'sourceKey' | 'start' | 'end'> &
    Partial<PartCopyRequest>,
): Promise<PublishedPart> {
  const source = await catalog.findVersion(fields.sourceBucket, fields.sourceKey);
  return catalog.uploads.copyPart({
    ...name,
    sourceSeq: source?.seq ?? 0,
    etag: null,
    checksumValue: null,
    ...fields,
  });
}

/** Completes with these parts, or all. */
export async function complete(
  catalog: Catalog,
  name: UploadName,
  numbers?: readonly number[],
  fields: Partial<CompletionRequest> = {},
): Promise<Published> {
  const { parts } = await catalog.uploads.listParts({ manifest: name.upload, after: 0, limit: 10_000 });
  const listed = numbers === undefined ? parts : parts.filter(({ number }) => numbers.includes(number));
  return catalog.uploads.completeUpload({
    ...name,
    numbers: listed.map(({ number }) => number),
    seqs: listed.map(({ seq }) => seq),
    partList: Buffer.from('list'),
    etag: 'joined',
    checksumValue: null,
    condition: null,
    ...fields,
  });
}

/** What a key's latest version holds, of bytes that are kept in the catalog; undefined: there is none. */
export async function readAll(
  catalog: Catalog,
  bucket: number,
  key: string,
  [start, end]: readonly [number, number] = [0, Number.MAX_SAFE_INTEGER],
): Promise<string | undefined> {
  const opened = await catalog.openVersion(bucket, key);
  if (opened === undefined) return undefined;
  const last = Math.min(end, opened.version.size);
  const extents = await Array.fromAsync(extentsOf(opened, start, last));
  opened.release();
  return extents
    .map((extent) => {
      const from = Math.max(start, extent.start) - extent.start + extent.offset;
      const to = Math.min(last, extent.start + extent.length) - extent.start + extent.offset;
      return Buffer.from(extent.data ?? [])
        .subarray(from, to)
        .toString();
    })
    .join('');
}
