/** Files below the blob directories that no row names, and what is being received, or was when a server ended. */

import { opendir, readdir, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { isTemporaryName } from '../../blobs/files/file-blob-store.ts';
import { pathOfBlob } from '../blob-places.ts';
import type { BlobPlaces, PlaceReader } from '../blob-places.ts';
import { checkStoreFiles } from './store-files.ts';
import type { FsckContext } from '../context.ts';

const LOCATION =
  /^(?<scope>\d{1,16})\/(?:codec-(?<codec>\d{1,3})\/)?([0-9a-f]{2})\/([0-9a-f]{2})\/(?<hex>\3\4[0-9a-f]{60})$/;

export async function checkFiles(
  context: FsckContext,
  { places, reader }: { places: BlobPlaces; reader: PlaceReader },
): Promise<void> {
  const { db, slices, findings } = context;
  findings.phase = 'files';
  const row = db.prepare(
    'SELECT 1 FROM blobs WHERE scope = ? AND tier = ? AND codec = ? AND sha256 = ? AND location IS NOT NULL',
  );
  const isKnown = (tier: string, { groups }: RegExpExecArray): Promise<boolean> => {
    const { scope, codec = '0', hex = '' } = groups ?? {};
    return slices.read(
      () => row.get(Number(scope), tier, Number(codec), Buffer.from(hex, 'hex')) !== undefined,
    );
  };

  const roots = new Set<string>();
  for (const [tier, place] of places) {
    if (place.kind === 'store') {
      await checkStoreFiles(context, await reader.storeOf(place));
      continue;
    }
    roots.add(place.root);
    const blobs = join(place.root, 'blobs', place.area);
    for await (const path of filesBelow(blobs)) {
      findings.checked.files++;
      findings.progress();
      const location = path.slice(blobs.length + 1).replaceAll(sep, '/');
      const named = LOCATION.exec(location);
      if (
        named !== null &&
        ((await isKnown(tier, named)) || (await wasDeleted(path, () => isKnown(tier, named))))
      )
        continue;
      findings.problem(
        'file-orphaned',
        named === null ? 'The file is none that a server makes.' : 'The catalog does not know the file.',
        { path: pathOfBlob(place, location) },
      );
    }
  }
  // Classes may share a directory.
  for (const root of roots) {
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
