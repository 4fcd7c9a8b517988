/** The files of a hashed folder, in the order of their names: `ab/cd/abcd…`. */

import { join } from 'node:path';
import type { Area } from '../files/area.ts';
import { unless } from '../files/file-system.ts';

const FOLDER = /^[0-9a-f]{2}$/;
const FILE = /^[0-9a-f]{64}$/;

export interface HashedFile {
  readonly hash: string;
  readonly path: string;
}

/**
 * Folder by folder, of some hundred files each when there are millions.
 *
 * @param mayHave whether files whose names begin so are wanted at all
 */
export async function* eachHashFolder(
  area: Area,
  mayHave: (beginning: string) => boolean,
): AsyncGenerator<readonly HashedFile[]> {
  for (const first of await namesIn(area, area.root, FOLDER)) {
    if (!mayHave(first)) continue;
    for (const second of await namesIn(area, join(area.root, first), FOLDER)) {
      if (!mayHave(first + second)) continue;
      const folder = join(area.root, first, second);
      const names = await namesIn(area, folder, FILE);
      yield names
        .filter((hash) => hash.startsWith(first + second))
        .map((hash) => ({ hash, path: join(folder, hash) }));
    }
  }
}

/** Other programs' files are left alone. */
async function namesIn({ fs }: Area, folder: string, pattern: RegExp): Promise<string[]> {
  const names = await unless(fs.readdir(folder), 'ENOENT', 'ENOTDIR');
  return (names ?? []).filter((name) => pattern.test(name)).sort();
}
