/** The store in a plain folder, as a function: `const store = local('./photos')`. */

import { resolve } from 'node:path';
import { KeyPaths } from './backends/files/key-paths.ts';
import { LocalStore } from './backends/local/local-store.ts';
import type { Skipped } from './backends/local/skipped.ts';
import { Store } from './store.ts';

export type { Skipped, SkippedReason } from './backends/local/skipped.ts';

export interface LocalOptions {
  /** `true`: a put is on the disk when it resolves. `false` when left out */
  readonly durable?: boolean | undefined;
  /** `follow`: symbolic links are what they lead to. When left out they are left out, and a key below one is refused */
  readonly links?: 'skip' | 'follow' | undefined;
  /** told of what is in the folder and is no object: links, pipes, folders that may not be read (else these make a listing reject) */
  readonly onSkipped?: Skipped | undefined;
}

/**
 * A store over the folder `path` as other programs see it: the key `photos/2026/a b.jpg` is the file of that path, and there is nothing
 * beside the files, but for `.NAME.….cistern-partial` while one is written. The folder is made by the first put; a listing of one that is not
 * there gives nothing. For data that is to be kept with attributes, durably, and with uploads: `files`.
 *
 * Puts are atomic; `create`, too, but for file systems without hard links, where others can see the file grow. `ifMatch`, attributes
 * and uploads are refused. Files, of whatever name, have keys: how keys that are no paths are written stands in
 * backends/files/key-paths.ts. A file in the way of a folder (`a`, when `a/b` is put) moves to `a%2F`. Etags are of number, size and
 * time of a file.
 */
export function local(
  path: string,
  { durable = false, links = 'skip', onSkipped }: LocalOptions = {},
): Store {
  const portable = process.platform === 'win32';
  const paths = new KeyPaths({ portable, literal: !portable });
  const root = resolve(path);
  return new Store(new LocalStore({ root, paths, durable, follow: links === 'follow', onSkipped }));
}
