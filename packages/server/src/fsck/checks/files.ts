/** Files below the blob directories that no row names, and what is being received, or was when a server ended. */

import { opendir, readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isTemporaryName } from '../../blobs/files/file-blob-store.ts';
import type { FsckContext } from '../context.ts';

const PLACE_OF_BLOB = /^(\d{1,16})\/([0-9a-f]{2})\/([0-9a-f]{2})\/(\2\3[0-9a-f]{60})$/;

/** @param roots directories that hold `blobs/`, by tier */
export async function checkFiles(context: FsckContext, roots: ReadonlyMap<string, string>): Promise<void> {
  const { db, slices, findings } = context;
  findings.phase = 'files';
  const row = db.prepare(
    'SELECT 1 FROM blobs WHERE scope = ? AND tier = ? AND sha256 = ? AND location IS NOT NULL',
  );
  const isKnown = (tier: string, [, scope, , , hex]: RegExpExecArray): Promise<boolean> =>
    slices.read(() => row.get(Number(scope), tier, Buffer.from(hex ?? '', 'hex')) !== undefined);

  for (const [tier, root] of roots) {
    const blobs = join(root, 'blobs');
    for await (const path of filesBelow(blobs)) {
      findings.checked.files++;
      findings.progress();
      const location = path.slice(blobs.length + 1).replaceAll(sep, '/');
      const place = PLACE_OF_BLOB.exec(location);
      if (
        place !== null &&
        ((await isKnown(tier, place)) || (await wasDeleted(path, () => isKnown(tier, place))))
      )
        continue;
      findings.problem(
        'file-orphaned',
        place === null ? 'The file is none that a server makes.' : 'The catalog does not know the file.',
        { path: tier === '' ? join('blobs', location) : `${tier}: ${location}` },
      );
    }
    const names = await readdir(join(root, 'tmp')).catch(ifMissing([]));
    findings.awaiting.temporaryFiles += names.filter(isTemporaryName).length;
  }
}

/**
 * The row of a blob is made before its file and goes after it. Thus a file that is there before and after there was no
 * row, and was the same all the time, has none.
 */
async function wasDeleted(path: string, isKnown: () => Promise<boolean>): Promise<boolean> {
  const before = await identity(path);
  if (await isKnown()) return true;
  const after = await identity(path);
  return before === undefined || after === undefined || before !== after;
}

async function identity(path: string): Promise<string | undefined> {
  const found = await stat(path, { bigint: true }).catch(ifMissing(undefined));
  return found === undefined ? undefined : `${found.ino} ${found.ctimeNs}`;
}

/** One directory at a time, whatever it holds. */
async function* filesBelow(path: string): AsyncGenerator<string> {
  const directory = await opendir(path).catch(ifMissing(undefined));
  if (directory === undefined) return;
  for await (const entry of directory) {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) yield* filesBelow(inside);
    else yield inside;
  }
}

function ifMissing<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code !== 'ENOENT') throw error;
    return value;
  };
}
