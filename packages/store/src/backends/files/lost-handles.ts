/**
 * Files that callers hold open without knowing of it: by a body that was neither read to its end nor closed, a reader or an upload
 * that was dropped. Node ends the process when it collects an open handle; here it is closed instead.
 */

import type { FileHandle } from 'node:fs/promises';

const lost = new FinalizationRegistry<FileHandle>((handle) => {
  handle.close().catch(() => undefined);
});

/** Has `handle` closed when `owner` is no longer reachable. The handle must not lead to the owner. */
export function closeWithOwner(owner: object, handle: FileHandle): void {
  lost.register(owner, handle);
}
