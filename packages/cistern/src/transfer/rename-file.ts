/** Moves a file of this machine to another name: no byte is copied, where both are on one file system. */

import { randomBytes } from 'node:crypto';
import { link, lstat, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { StoreError } from '@cistern/store';
import type { ObjectInfo, ObjectStore } from '@cistern/store';
import { LOCAL_FILE, PARTIAL_SUFFIX } from '@cistern/store/transfers';
import type { HasLocalFiles } from '@cistern/store/transfers';
import type { Job } from './job.ts';

/** Why there can be no second name: another file system, or one without links. */
const NO_LINK = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS'];

/**
 * Gives the file its second name; the caller takes the first one away.
 *
 * @param overwrites what is there; else `AlreadyExists`
 * @returns undefined when the bytes have to be copied
 */
export async function linkFile(
  { from, source, to, key }: Job,
  overwrites: boolean,
  signal: AbortSignal,
): Promise<ObjectInfo | undefined> {
  const [here, there] = [fileOf(from.store.inner), fileOf(to.store.inner)];
  if (here === undefined || there === undefined) return undefined;
  const [first, second] = [await here(source.key), await there(key)];
  // The link itself would be renamed: what it leads to is meant.
  if (!(await lstat(first)).isFile()) return undefined;
  const draft = join(
    dirname(second),
    `.${basename(second).slice(0, 100)}.${randomBytes(6).toString('hex')}${PARTIAL_SUFFIX}`,
  );
  try {
    await link(first, overwrites ? draft : second);
    if (overwrites) await rename(draft, second);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (NO_LINK.includes(code)) return undefined;
    if (code !== 'EEXIST') throw error;
    throw new StoreError('AlreadyExists', `There is a file ${second}`, {
      operation: 'put',
      key,
      cause: error,
    });
  } finally {
    // Renamed onto another name of the same file it stays.
    if (overwrites) await rm(draft, { force: true });
  }
  return to.store.head(key, { signal });
}

function fileOf(store: ObjectStore & Partial<HasLocalFiles>): HasLocalFiles[typeof LOCAL_FILE] | undefined {
  return store[LOCAL_FILE]?.bind(store);
}
