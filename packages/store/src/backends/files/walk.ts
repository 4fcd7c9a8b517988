/**
 * The objects of a folder in the order of their keys. It holds the names of one folder at a time, and of those above it.
 * Links, and files whose names are no key's, are left out.
 */

import type { BigIntStats } from 'node:fs';
import { join } from 'node:path';
import { throwIfAborted } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type { ListedObject } from '../../object-store.ts';
import type { Area } from './area.ts';
import { stateOf } from './file-state.ts';
import { unless } from './file-system.ts';
import { lookAt } from './find-object.ts';
import { BESIDE, CONTINUED, OWN_FOLDER } from './key-paths.ts';
import type { KeyPaths } from './key-paths.ts';
import { isWanted, mayHaveWanted } from './roll-up.ts';
import type { Seek } from './roll-up.ts';

/** Files that are looked at together. */
const AHEAD = 32;

export interface WalkOptions {
  readonly area: Area;
  readonly paths: KeyPaths;
  readonly prefix: string;
  readonly seek: Seek;
  readonly signal: AbortSignal | undefined;
}

interface Entry {
  /** what follows in the key: with a slash at its end for a folder */
  readonly text: string;
  readonly isFolder: boolean;
  readonly isBeside: boolean;
  readonly path: string;
}

export async function* walk(options: WalkOptions): AsyncGenerator<ListedObject> {
  const { area, paths, prefix } = options;
  const segments = prefix.split('/').slice(0, -1);
  const names = segments.flatMap((segment, index) => paths.segmentNames(segment, index === 0));
  const folder = join(area.root, ...names);
  if ((await lookAt(area, folder)) !== 'true') return;
  yield* walkFolder(options, folder, segments.map((segment) => `${segment}/`).join(''));
}

async function* walkFolder(
  options: WalkOptions,
  folder: string,
  above: string,
): AsyncGenerator<ListedObject> {
  const { prefix, seek } = options;
  const isTop = above === '';
  const entries = sortEntries(await readEntries(options, folder, [], isTop));
  const found = new Map<Entry, BigIntStats | undefined>();
  const isIncluded = ({ text, isFolder }: Entry): boolean => {
    const key = above + text;
    return isFolder
      ? mayHaveWanted(key, seek) && (key.startsWith(prefix) || prefix.startsWith(key))
      : isWanted(key, seek) && key.startsWith(prefix) && key !== '';
  };
  for (const [index, entry] of entries.entries()) {
    throwIfAborted(options.signal, 'list');
    if (!isIncluded(entry)) continue;
    if (entry.isFolder) {
      yield* walkFolder(options, entry.path, above + entry.text);
      continue;
    }
    if (!found.has(entry)) {
      found.clear();
      const next = entries.slice(index, index + AHEAD).filter((one) => !one.isFolder && isIncluded(one));
      await Promise.all(next.map(async (one) => found.set(one, await look(options.area, one))));
    }
    const stats = found.get(entry);
    if (stats === undefined) continue;
    const { size, etag, lastModified } = stateOf(stats);
    yield { type: 'object', key: above + entry.text, size, etag, lastModified };
  }
}

/** @param cut names of the segment so far, of which this folder is the last */
async function readEntries(
  { area, paths }: Pick<WalkOptions, 'area' | 'paths'>,
  folder: string,
  cut: readonly string[],
  isTop: boolean,
): Promise<Entry[]> {
  const dirents = await unless(area.fs.readdir(folder, { withFileTypes: true }), 'ENOENT', 'ENOTDIR');
  const entries: Entry[] = [];
  for (const dirent of dirents ?? []) {
    const path = join(folder, dirent.name);
    const names = [...cut, dirent.name];
    const isFolder = dirent.isDirectory();
    if (isFolder && dirent.name.endsWith(CONTINUED)) {
      entries.push(...(await readEntries({ area, paths }, path, names, isTop)));
    } else if (isFolder ? !(isTop && path === join(area.root, OWN_FOLDER)) : dirent.isFile()) {
      const isBeside = !isFolder && dirent.name.endsWith(BESIDE);
      const segment = paths.toSegment(names, isTop, isBeside);
      if (segment !== undefined)
        entries.push({ text: isFolder ? `${segment}/` : segment, isFolder, isBeside, path });
    }
  }
  return entries;
}

/** In the order of keys; of two files of one key the one in the first place is left. */
function sortEntries(entries: Entry[]): Entry[] {
  entries.sort((a, b) => compareKeys(a.text, b.text) || Number(a.isBeside) - Number(b.isBeside));
  return entries.filter(({ text }, index) => text !== entries[index - 1]?.text);
}

/** A file may just have made way for a folder: it is in its second place then. */
async function look({ fs }: Area, { path, isBeside }: Entry): Promise<BigIntStats | undefined> {
  const stats = await unless(fs.lstat(path, { bigint: true }), 'ENOENT', 'ENOTDIR');
  if (stats?.isFile() === true) return stats;
  if (isBeside) return undefined;
  const beside = await unless(fs.lstat(path + BESIDE, { bigint: true }), 'ENOENT', 'ENOTDIR', 'ENAMETOOLONG');
  return beside?.isFile() === true ? beside : undefined;
}
