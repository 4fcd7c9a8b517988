/** The bytes of a version, for who needs them inside the server and not on a socket. */

import { SLAB_BYTES } from '../blobs/ingest/slab-pool.ts';
import type { Slab } from '../blobs/ingest/slab-pool.ts';
import type { Extent, OpenVersion } from '../catalog/catalog.ts';
import { extentsOf } from '../catalog/extents.ts';
import type { Services } from './context.ts';

type Take = (bytes: Buffer) => Promise<void> | undefined;
type Source = Pick<Services, 'blobs' | 'slabs'>;

/**
 * Hands on what is in [start, end), by default all, in order, in pieces that are good until what `take` returned has
 * resolved. It holds one slab.
 */
export async function readVersion(
  source: Source,
  open: OpenVersion,
  take: Take,
  { start, end }: { start: number; end: number } = { start: 0, end: open.version.size },
): Promise<void> {
  const share = source.slabs.share();
  const slab = share.take();
  if (slab === undefined) throw new Error('the first slab of a share is always there');
  let sent = 0;
  const counted: Take = (bytes) => {
    sent += bytes.length;
    return take(bytes);
  };
  try {
    for await (const extent of extentsOf(open, start, end)) {
      const first = Math.max(start, extent.start);
      const last = Math.min(end, extent.start + extent.length);
      const offset = extent.offset + first - extent.start;
      await readExtent(source, { ...extent, offset, length: last - first }, { slab, take: counted });
    }
    if (sent !== end - start) throw new Error('the extents do not cover the range');
  } finally {
    share.give(slab);
  }
}

async function readExtent(
  { blobs, slabs: pool }: Source,
  extent: Extent,
  { slab, take }: { slab: Slab; take: Take },
): Promise<void> {
  const { offset, length, data } = extent;
  if (data !== null) {
    await take(Buffer.from(data.buffer, data.byteOffset + offset, length));
    return;
  }
  const reader = await blobs.open(extent, { pool, start: offset, end: offset + length });
  try {
    const { alignment } = reader;
    const end = offset + length;
    for (let position = offset; position < end;) {
      const skip = position % alignment;
      const wanted = Math.min(SLAB_BYTES - skip, end - position);
      const aligned = Math.ceil((skip + wanted) / alignment) * alignment;
      const read = await reader.read(slab.bytes.subarray(0, aligned), position - skip);
      if (read < skip + wanted) throw new Error('a blob file is shorter than it should be');
      await take(slab.bytes.subarray(skip, skip + wanted));
      position += wanted;
    }
  } finally {
    await reader.close();
  }
}
