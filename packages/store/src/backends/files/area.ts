/** A folder that a store has, and the tools for it: opened once, when the store is first used. */

import { dirname, join } from 'node:path';
import { Directories } from './directories.ts';
import { errnoOf, unless } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import { KeyLocks } from './key-locks.ts';
import { OWN_FOLDER } from './key-paths.ts';
import { Sidecars } from './sidecars.ts';
import { Staging } from './staging.ts';

export interface Area {
  readonly fs: FileSystem;
  /** absolute, without links */
  readonly root: string;
  readonly durable: boolean;
  /** the file system finds a name by other spellings: of other case, or of other Unicode form */
  readonly findsTwins: boolean;
  readonly directories: Directories;
  readonly staging: Staging;
  readonly sidecars: Sidecars;
  readonly locks: KeyLocks;
  /** uploads in progress */
  readonly uploadsFolder: string;
}

export interface AreaOptions {
  readonly fs: FileSystem;
  readonly durable: boolean;
}

/** Makes the folder if there is none. One that cannot be written to can be opened, and read. */
export async function openArea(path: string, { fs, durable }: AreaOptions): Promise<Area> {
  await makeRoot(fs, path, durable);
  const root = await fs.realpath(path);
  const own = join(root, OWN_FOLDER);
  const folder = join(own, 'tmp');
  const directories = new Directories({ fs, root, durable });
  const staging = new Staging({ fs, folder, durable });
  try {
    await fs.mkdir(folder, { recursive: true });
    await staging.sweep();
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(errnoOf(error) ?? '')) throw error;
  }
  const twin = await unless(fs.lstat(join(root, OWN_FOLDER.toUpperCase())), 'ENOENT');
  return {
    fs,
    root,
    durable,
    // On macOS all have one name for the two forms of an umlaut.
    findsTwins: twin !== undefined || process.platform === 'darwin',
    directories,
    staging,
    sidecars: new Sidecars({ fs, folder: join(own, 'attributes'), directories, durable }),
    locks: new KeyLocks(),
    uploadsFolder: join(own, 'uploads'),
  };
}

async function makeRoot(fs: FileSystem, path: string, durable: boolean): Promise<void> {
  const first = await fs.mkdir(path, { recursive: true });
  if (first === undefined) return;
  const root = await fs.realpath(dirname(first));
  await new Directories({ fs, root, durable }).sync(await fs.realpath(path));
}
