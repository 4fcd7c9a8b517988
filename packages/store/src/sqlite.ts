/** The store in one SQLite file, as a function: `const store = sqlite('data.db')`. Needs Node's own SQLite. */

import { SqliteStore } from './backends/sqlite/sqlite-store.ts';
import type { SqliteOptions } from './backends/sqlite/sqlite-store.ts';
import { StoreError } from './errors.ts';
import { Store } from './store.ts';

export type { SqliteOptions } from './backends/sqlite/sqlite-store.ts';

/**
 * A store in one file, which is created when it is not there, and which any number of processes of one machine may open.
 * Writes are durable when they resolve, conditions are decided in the transaction, copies share their bytes, and uploads
 * can be read and gone on with by other processes. What is deleted leaves room in the file for what is written next.
 *
 * @param path of the file; its log lies beside it (`-wal`, `-shm`). `:memory:` for a store that is gone when it is closed.
 * @throws {StoreError} `NotFound` (no folder), `PermissionDenied`, `Corrupt`, `InvalidArgument` (a database of something
 *   else), `Unsupported` (written by a newer version)
 */
export function sqlite(path: string, options: SqliteOptions = {}): Store {
  return new Store(new SqliteStore(path, options));
}

/** `sqlite:///path/to/file.db`, `sqlite::memory:`. */
export async function openSqliteUrl(url: URL): Promise<Store> {
  if (url.pathname === ':memory:') return sqlite(url.pathname);
  const { fileURLToPath } = await import('node:url');
  if (url.host !== '' || !url.pathname.startsWith('/')) {
    throw new StoreError(
      'InvalidArgument',
      `${url.href}: write sqlite:///path/to/file.db, with three slashes`,
      {
        operation: 'open',
      },
    );
  }
  return sqlite(fileURLToPath(`file://${url.pathname}`));
}
