/** What `rm -r` of a folder of this machine leaves behind: folders, which no store has. */

import { lstatSync, readdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Removes those below a folder, as far as they are empty, and then the folder. A link to one is left alone, and what cannot
 * be removed.
 */
export function removeEmptyFolders(path: string, { itself }: { readonly itself: boolean }): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return;
  try {
    for (const name of readdirSync(path)) removeEmptyFolders(join(path, name), { itself: true });
    if (itself) rmdirSync(path);
  } catch {
    // Something is in it still, or it is in use: the objects are gone all the same.
  }
}
