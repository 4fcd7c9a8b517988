/**
 * What a place with a pattern stands for: a folder, and which names below it. `s3://b/logs/2026-*` is the folder `logs/` of the bucket and
 * the names that begin with `2026-`. Nothing is listed here: see walk.ts.
 */

import { existsSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { notFound } from '../failures/failure.ts';
import { isMissingFile } from '../places/missing-file.ts';
import type { Place } from '../places/place.ts';
import type { OpenPlace, Places } from '../places/places.ts';
import { globStart } from './glob.ts';

/** A place as a command that takes many objects sees it. */
export interface Selection {
  /** as the user wrote it */
  readonly text: string;
  /** its store; of a pattern in a path of this machine, of the folder before the pattern */
  readonly opened: OpenPlace;
  /** key, or beginning of keys, in the store; with a pattern the folder before it: '' or with a slash at its end */
  readonly key: string;
  /** named as a folder, or one of this machine that is there; true with a pattern */
  readonly isFolder: boolean;
  /** of the names below `key`; see glob.ts */
  readonly pattern: string | undefined;
}

/**
 * Opens the place. Asks no service for anything.
 *
 * @throws {Failure} as `Places.open`; not found, when the file that would be the store is not there
 */
export async function expand(
  places: Places,
  given: string | Place,
  flags: ReachFlags & LiteralFlag = {},
): Promise<Selection> {
  const place = typeof given === 'string' ? places.parse(given) : given;
  const { text } = place;
  if (isMissingFile(place)) throw notFound(`There is nothing at ${text}: ${place.path} does not exist`);
  if (flags.literal !== true && place.kind === 'local') {
    const split = splitPath(place.path);
    if (split !== undefined) {
      const folder = { ...place, path: split.folder, isFolder: true };
      const opened = await places.open(folder, flags);
      const pattern = place.isFolder ? `${split.pattern}/` : split.pattern;
      return { text, opened, key: '', isFolder: true, pattern };
    }
  }
  const opened = await places.open(place, flags);
  const { key, isFolder } = opened;
  const start = flags.literal === true || place.kind === 'local' ? -1 : globStart(key);
  if (start === -1) return { text, opened, key, isFolder, pattern: undefined };
  const folderEnd = key.lastIndexOf('/', start) + 1;
  const pattern = key.slice(folderEnd);
  return { text, opened, key: key.slice(0, folderEnd), isFolder: true, pattern };
}

/** A path that is there is that, however it is called: only what a shell would have expanded, too, is a pattern. */
function splitPath(path: string): { readonly folder: string; readonly pattern: string } | undefined {
  if (existsSync(path)) return undefined;
  let folder = path;
  const names: string[] = [];
  do {
    names.unshift(basename(folder));
    folder = dirname(folder);
  } while (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true && folder !== dirname(folder));
  const pattern = names.join('/');
  return globStart(pattern) === -1 ? undefined : { folder, pattern };
}
