/**
 * A zip archive as a store, as a function: `const store = await zip('data.zip')`. Needs Node.
 *
 * What is put is in a temporary file beside the archive, and read back from there; the archive itself is written anew by
 * `flush()` and `close()`, under another name, synced and renamed: **only then is it durable**, and other readers see it. A
 * crash before leaves the old archive whole, without what was put since. Entries that stay are copied as they are packed.
 */

import { ObjectHome, FileHome } from './backends/zip/archive-home.ts';
import type { ArchiveHome } from './backends/zip/archive-home.ts';
import { Archive } from './backends/zip/archive.ts';
import type { ArchiveOptions } from './backends/zip/archive.ts';
import { fromSystem } from './backends/zip/file-errors.ts';
import { ZipStore } from './backends/zip/zip-store.ts';
import { StoreError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';
import { Store } from './store.ts';

export interface ZipOptions extends ArchiveOptions {
  /** how new entries are packed; `deflate` when left out, which still stores what does not shrink */
  readonly compression?: 'deflate' | 'store' | undefined;
  /** of deflate: 1 (fast) to 9 (small), 6 when left out */
  readonly level?: number | undefined;
}

/** An archive inside another store, which reads it by ranges and stays its owner's to close. */
export interface ZipInStore {
  readonly store: ObjectStore;
  readonly key: string;
}

const LEVEL = 6;

/** A store over an archive. */
export class ZipArchive extends Store {
  readonly #zip: ZipStore;

  constructor(zipStore: ZipStore) {
    super(zipStore);
    this.#zip = zipStore;
  }

  /** Writes the archive with all changes so far; when this resolves they are durable. Costs as much as the archive is large. */
  flush(): Promise<void> {
    return this.#zip.flush();
  }
}

/**
 * Opens an archive: reads its directory, and of its entries only what is asked for. One that is not there is made when
 * something was put into it.
 *
 * The first change makes this the archive's only writer until it is closed: others get `Unavailable`, and readers go on
 * with the archive that they opened. In another store, which must decide conditions, the archive can be written,
 * too: who flushes second gets `Conflict`; conditional puts into it are `Unsupported`, since they are not decided before.
 *
 * Names that would leave a folder (`../x`, `/x`, `C:x`, backslashes) are no keys: puts of them are `InvalidKey`. Folders' own
 * entries (`a/`) are not listed, but for those that were put as objects; of these other programs see the folder alone. Attributes and exact times are kept in an extra field of the directory, which other programs pass over.
 *
 * @throws {StoreError} `Corrupt` (cut off, overlapping entries, bombs, a name twice), `InvalidKey` (a name that would leave
 *   a folder), `TooLarge` (limits), `Unsupported` (several disks, an encrypted directory). Encrypted entries are listed, and
 *   reading them is `Unsupported`.
 */
export async function zip(source: string | ZipInStore, options: ZipOptions = {}): Promise<ZipArchive> {
  const { compression = 'deflate', level = LEVEL, ...limits } = options;
  if (!Number.isInteger(level) || level < 1 || level > 9) {
    throw new StoreError('InvalidArgument', `Levels of deflate are 1 to 9, not ${level}`, {
      operation: 'open',
    });
  }
  const home: ArchiveHome =
    typeof source === 'string' ? new FileHome(source) : new ObjectHome(source.store, source.key);
  try {
    const archive = await Archive.open(home, limits);
    return new ZipArchive(new ZipStore(archive, { compression, level }));
  } catch (error) {
    throw fromSystem(error, `zip(${home.toString()})`, 'open');
  }
}

/** `zip:///path/to/file.zip`. */
export async function openZipUrl(url: URL): Promise<Store> {
  const { fileURLToPath } = await import('node:url');
  if (url.host !== '' || !url.pathname.startsWith('/')) {
    throw new StoreError(
      'InvalidArgument',
      `${url.href}: write zip:///path/to/file.zip, with three slashes`,
      {
        operation: 'open',
      },
    );
  }
  return zip(fileURLToPath(`file://${url.pathname}`));
}
