/** Bytes of an upload as they are handed to who sends them: short stretches, each with the extents that it needs. */

import { CatalogError } from '../../catalog/errors.ts';
import type { OpenBytes, OpenComplete, OpenPart, Part } from '../../catalog/uploads.ts';
import { BrokenBody } from '../../http/send-object.ts';
import type { Piece } from '../../http/send-object.ts';

/**
 * Of a part at a time, in bytes. What has happened to the upload is looked at in between: a reader of a long part learns
 * soon that it was replaced or aborted, and what it reads is not kept from being deleted for hours.
 */
const STRETCH_BYTES = 16 * 1024 * 1024;

export function samePart(
  part: Pick<Part, 'size' | 'etag'> | undefined,
  other: Pick<Part, 'size' | 'etag'> | undefined,
): boolean {
  return part !== undefined && other !== undefined && part.size === other.size && part.etag === other.etag;
}

/** Bytes of a part from `start` on, to `end` or less. The caller goes on at the `end` of what it gets. */
export function openStretch(opened: OpenPart, start: number, end: number): Piece {
  const to = Math.min(end, start + STRETCH_BYTES);
  return { open: breakable(opened), single: opened.part.extents === 1, start, end: to };
}

/** Bytes [start, end) of what an upload has become: held open, whatever happens to the object meanwhile. */
export function wholePiece(whole: OpenComplete, start: number, end: number): Piece {
  return { open: breakable(whole), single: false, start, end };
}

/** That the bytes are others by now is no fault of the server, but the end of what the client was told. */
function breakable(opened: OpenBytes): Piece['open'] {
  const extents: Piece['open']['extents'] = async (start, end) => {
    try {
      return await opened.extents(start, end);
    } catch (error) {
      if (CatalogError.is(error) && error.code === 'PartsChanged')
        throw new BrokenBody('a part was replaced, or is gone');
      throw error;
    }
  };
  return { extents, release: () => opened.release() };
}
