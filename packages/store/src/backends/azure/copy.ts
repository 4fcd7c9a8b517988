/**
 * Copies inside the account, without the bytes. Up to 256 MiB with the attributes as they are it is one request; otherwise the new
 * blob is put together from ranges of the old one, and published with its attributes when all are there. Copies that the service would
 * make in its own time (Copy Blob) are not used: readers would see them unfinished.
 */

import { bytesSource } from '../../body.ts';
import type { Attributes, CopyOptions, ObjectInfo } from '../../object-store.ts';
import { metadataHeaders } from './attributes.ts';
import type { Headers } from './attributes.ts';
import { modeHeaders, quoteEtag } from './info.ts';
import { Publication } from './publish.ts';
import type { WriteOptions } from './publish.ts';
import { headBlob } from './read.ts';
import type { Blob } from './read.ts';
import { BlockUpload, putBlob } from './write.ts';

const MIB = 1024 * 1024;
/** Copy Blob From URL takes no more. */
const COPY_BYTES_MAX = 256 * MIB;
/** Ranges of this size are copied at once; larger ones where there would be too many. */
const RANGE_BYTES = 64 * MIB;
const RANGES_MAX = 50_000;
const CONCURRENCY = 8;

export async function copyBlob(
  from: Blob,
  to: Blob,
  options: CopyOptions,
  attributes: Attributes | undefined,
): Promise<ObjectInfo> {
  const { ifMatch, version, signal, mode } = options;
  const { info } = await headBlob(from, { ifMatch, version, signal });
  if (attributes !== undefined || info.size > COPY_BYTES_MAX) {
    const kept = attributes ?? info.attributes;
    return composeBlob(from, info, to, { mode, attributes: kept, signal }, version);
  }
  const kept = info.attributes;
  const publication = new Publication(to, { mode, attributes: kept, signal });
  // Metadata of its own would take the place of the source's.
  const marked = Object.keys(publication.own).length > 0;
  const sent = to.client.call({
    method: 'PUT',
    container: to.container,
    blob: to.key,
    headers: {
      ...(await sourceOf(from, info, version)),
      'x-ms-requires-sync': 'true',
      ...(marked ? { ...metadataHeaders(kept.metadata ?? {}), ...publication.own } : {}),
      ...modeHeaders(mode),
    },
    operation: to.operation,
    key: to.key,
    signal,
  });
  return publication.publish(sent, info.size);
}

/** Makes `to` of the bytes of `from` in this state. @throws {StoreError} `PreconditionFailed` when it is in another */
export async function composeBlob(
  from: Blob,
  info: Pick<ObjectInfo, 'etag' | 'size'>,
  to: Blob,
  options: WriteOptions,
  version?: string,
): Promise<ObjectInfo> {
  if (info.size === 0) return putBlob(to, bytesSource(new Uint8Array(0)), 0, options);
  const source = await sourceOf(from, info, version);
  const step = Math.max(RANGE_BYTES, Math.ceil(info.size / RANGES_MAX / MIB) * MIB);
  const upload = new BlockUpload(to, options);
  try {
    for (let start = 0; start < info.size; start += step) {
      await upload.room(CONCURRENCY);
      upload.addFrom(source, start, Math.min(info.size, start + step));
    }
    return await upload.commit();
  } catch (error) {
    throw await upload.fail(error);
  }
}

async function sourceOf(
  { client, container, key }: Blob,
  { etag }: Pick<ObjectInfo, 'etag'>,
  version: string | undefined,
): Promise<Headers> {
  const source = await client.sourceHeaders(container, key, version);
  return { ...source, 'x-ms-source-if-match': quoteEtag(etag) };
}
