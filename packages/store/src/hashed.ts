/** The store in hashed folders, as a function: `const store = hashed('/data')`. */

import { createHash } from 'node:crypto';
import { NODE_FILES } from './backends/files/file-system.ts';
import type { FileSystem } from './backends/files/file-system.ts';
import { FolderStore } from './backends/files/folder-store.ts';
import { parseFolderUrl } from './backends/files/folder-url.ts';
import { contentKind, hashing } from './backends/hashed/content-kind.ts';
import { hashedKind } from './backends/hashed/hashed-kind.ts';
import type { Body } from './body.ts';
import type { ObjectInfo, PutOptions } from './object-store.ts';
import { Store } from './store.ts';

export interface HashedOptions {
  /** `true`: keys are the SHA-256 of what they name */
  readonly content?: boolean | undefined;
  /** `false`: nothing is synced, and what was written last may be gone after a crash of the machine. `true` when left out */
  readonly durable?: boolean | undefined;
  /** keys that a listing sorts in memory, some 200 bytes each; 100,000 when left out. By content nothing is sorted */
  readonly runKeysMax?: number | undefined;
  /** the system's calls; Node's own when left out */
  readonly fs?: FileSystem | undefined;
}

/** A store whose keys are the SHA-256 of what they name. */
export class ContentStore extends Store {
  readonly #folder: FolderStore;

  constructor(folder: FolderStore) {
    super(folder);
    this.#folder = folder;
  }

  /** Stores a body under its SHA-256, which is the `key` of what this resolves to. As atomic and durable as `put`. */
  putContent(body: Body, options?: Omit<PutOptions, 'attributes'>): Promise<ObjectInfo> {
    const hash = createHash('sha256');
    return this.#folder.putNamed(
      body,
      (chunks) => hashing(chunks, hash),
      () => hash.digest('hex'),
      options,
    );
  }
}

/**
 * A store in the folder `path`, which is made if it is not there: the file of a key is `ab/cd/<SHA-256 of the key>`, so that any
 * key is a short path, and no folder has too many files. A file begins with a header that has the key and the attributes.
 *
 * Puts are atomic and durable; `create` is atomic among processes; `ifMatch` is refused. A listing reads the header of each
 * file and sorts, whatever its prefix: it is made for stores that are listed rarely.
 *
 * With `content` a key must be the SHA-256 of what is put (`InvalidArgument` otherwise, and nothing is stored): `putContent` finds
 * it. Files have the bytes alone, so that `sha256sum` checks them; attributes are refused, and listings are walks.
 */
export function hashed(path: string, options: HashedOptions & { readonly content: true }): ContentStore;
export function hashed(path: string, options?: HashedOptions): Store;
export function hashed(
  path: string,
  { content = false, durable = true, runKeysMax = 100_000, fs = NODE_FILES }: HashedOptions = {},
): Store {
  if (content)
    return new ContentStore(new FolderStore({ path, kind: contentKind({ durable }), fs, durable }));
  return new Store(new FolderStore({ path, kind: hashedKind({ durable, runKeysMax }), fs, durable }));
}

/** The store of a URL: `hashed:///data`, with the options `content` and `durable` as its parameters. */
export function hashedAt(url: URL): Store {
  const { path, flags } = parseFolderUrl(url, ['content', 'durable']);
  return hashed(path, flags);
}
