/** The store in a folder of files, as a function: `const store = files('/data')`. */

import { NODE_FILES } from './backends/files/file-system.ts';
import type { FileSystem } from './backends/files/file-system.ts';
import { filesKind } from './backends/files/files-kind.ts';
import { FolderStore } from './backends/files/folder-store.ts';
import { parseFolderUrl } from './backends/files/folder-url.ts';
import { Store } from './store.ts';

export interface FilesOptions {
  /** `false`: nothing is synced, and what was written last may be gone after a crash of the machine. `true` when left out */
  readonly durable?: boolean | undefined;
  /** names that Windows takes, too: a folder is always to be opened with the same. `true` on Windows when left out */
  readonly portable?: boolean | undefined;
  /** the system's calls; Node's own when left out */
  readonly fs?: FileSystem | undefined;
}

/**
 * A store in the folder `path`, which is made if it is not there: the key `photos/2026/a b.jpg` is the file of that path, so that
 * other programs read our objects and we read their files. How other keys are written: backends/files/key-paths.ts.
 *
 * Puts are atomic and durable: a file appears whole, by a rename. Attributes are kept in `.cistern/` below the folder, and belong to
 * the very state of a file. `create` is atomic among processes, but for one case: when another process puts `a/b`
 * at the moment in which `a` is created. `ifMatch` is refused: other programs know nothing of it. Symbolic
 * links are not followed, and not listed. Two stores of one folder, in one process or several, get along.
 */
export function files(path: string, { durable = true, portable, fs = NODE_FILES }: FilesOptions = {}): Store {
  const kind = filesKind({ durable, portable: portable ?? process.platform === 'win32' });
  return new Store(new FolderStore({ path, kind, fs, durable }));
}

/** The store of a URL: `file:///data`, with the options `durable` and `portable` as its parameters. */
export function filesAt(url: URL): Store {
  const { path, flags } = parseFolderUrl(url, ['durable', 'portable']);
  return files(path, flags);
}
