/** Walking the extents of what is open. The catalog hands them out in pages, and here one page is held at a time. */

import type { Extent } from './catalog.ts';

/**
 * Extents of a page. Each may carry 64 KiB of bytes or a map of frames: an object of 10,000 appends has more of them than
 * a server has memory.
 */
export const EXTENTS_PAGE = 16;

export interface HasExtents {
  extents(start: number, end: number): Promise<readonly Extent[]>;
}

/** All that overlap [start, end), in order. @throws Error when they do not cover it */
export async function* extentsOf(open: HasExtents, start: number, end: number): AsyncGenerator<Extent> {
  for (let from = start; from < end;) {
    const page = await open.extents(from, end);
    const last = page.at(-1);
    if (last === undefined || last.start + last.length <= from)
      throw new Error('the extents do not cover the range');
    yield* page;
    from = last.start + last.length;
  }
}
