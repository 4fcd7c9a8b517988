/** All bytes of a version, for who needs them inside the server and not on a socket. */

import { ALIGNMENT, SLAB_BYTES } from '../blobs/ingest/slab-pool.ts';
import type { Slab } from '../blobs/ingest/slab-pool.ts';
import type { Extent, OpenVersion } from '../catalog/catalog.ts';
import type { Services } from './context.ts';

type Take = (bytes: Buffer) => Promise<void> | undefined;
type Source = Pick<Services, 'blobs' | 'slabs'>;

/**
 * Hands on what is in [0, size), in order, in pieces that are good until what `take` returned has resolved. It holds one
 * slab.
 */
export async function readVersion(source: Source, open: OpenVersion, take: Take): Promise<void> {
  const share = source.slabs.share();
  const slab = share.take();
  if (slab === undefined) throw new Error('the first slab of a share is always there');
  let sent = 0;
  const counted: Take = (bytes) => {
    sent += bytes.length;
    return take(bytes);
  };
  try {
    const { size } = open.version;
    for (const extent of await open.extents(0, size))
      await readExtent(source, extent, { slab, take: counted });
    if (sent !== size) throw new Error('the extents do not cover the version');
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
  const reader = await blobs.open(extent, { pool, length });
  try {
    const end = offset + length;
    for (let position = offset; position < end;) {
      const skip = position % ALIGNMENT;
      const wanted = Math.min(SLAB_BYTES - skip, end - position);
      const aligned = Math.ceil((skip + wanted) / ALIGNMENT) * ALIGNMENT;
      const read = await reader.read(slab.bytes.subarray(0, aligned), position - skip);
      if (read < skip + wanted) throw new Error('a blob file is shorter than it should be');
      await take(slab.bytes.subarray(skip, skip + wanted));
      position += wanted;
    }
  } finally {
    await reader.close();
  }
}
