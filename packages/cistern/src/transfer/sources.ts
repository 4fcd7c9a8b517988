/** What a command is to copy: each source that was named, looked up before anything moves. */

import { existsSync } from 'node:fs';
import { isStoreError } from '@cistern/store';
import type { ListedObject, ObjectInfo, Store } from '@cistern/store';
import { EXIT_NOT_FOUND } from '../command/exit-codes.ts';
import type { LiteralFlag } from '../command/options.ts';
import { Failure, notFound, usage } from '../failures/failure.ts';
import type { Place } from '../places/place.ts';
import type { OpenPlace, Places, ReachFlags } from '../places/places.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import type { Filter } from '../select/filters.ts';
import { globSegments, spansSegments } from '../select/glob.ts';
import { walk } from '../select/walk.ts';
import type { Found } from '../select/walk.ts';

/** One object with its name below the source. */
export interface SourceEntry {
  readonly relative: string;
  readonly entry: ListedObject;
}

interface SourceBase {
  /** as the user wrote it */
  readonly text: string;
  readonly open: OpenPlace;
}

/** One object. */
export interface ObjectSource extends SourceBase {
  readonly kind: 'object';
  readonly object: ListedObject;
  /** the last segment of its key */
  readonly name: string;
}

/** All that is below a folder, or matches a pattern: in the order of keys. */
export interface TreeSource extends SourceBase {
  readonly kind: 'folder' | 'glob';
  /** before each relative name; '' for all of a store */
  readonly prefix: string;
  /** what the folder itself is called; '' when it has no name */
  readonly name: string;
  /** names may have any number of segments */
  readonly isDeep: boolean;
  /** To be iterated once. */
  readonly entries: AsyncIterable<SourceEntry>;
  /** folders that matched and are not copied, so far */
  readonly leftOut: { count: number };
  /** Ends the listing, if it is not to be iterated. */
  readonly close: () => Promise<unknown>;
}

export type Source = ObjectSource | TreeSource;

export interface SourceFlags extends ReachFlags, LiteralFlag {
  readonly dryRun?: boolean | undefined;
  readonly recursive?: boolean | undefined;
  /** of a single object */
  readonly version?: string | undefined;
}

export interface SourceOptions {
  readonly flags: SourceFlags;
  readonly filter: Filter | undefined;
  readonly signal: AbortSignal;
}

/** @throws {Failure} when there is nothing of that name, or a folder without `--recursive` */
export async function resolveSource(places: Places, text: string, options: SourceOptions): Promise<Source> {
  const { flags, signal } = options;
  const place = places.parse(text);
  mustBeThere(place);
  const selection = await expand(places, place, flags);
  const { opened: open, key, isFolder, pattern } = selection;
  if (pattern !== undefined) {
    const walked = walk(selection, { recursive: flags.recursive, filter: options.filter, signal });
    const first = await walked.next();
    const isDeep = flags.recursive === true || globSegments(pattern).some(spansSegments);
    return { kind: 'glob', text, open, prefix: key, name: '', isDeep, ...objectsOf(first, walked) };
  }
  if (flags.recursive === true) {
    const tree = await folderSource(selection, options);
    if (tree !== undefined) return tree;
  } else if (isFolder) {
    throw isAFolder(text);
  }
  try {
    const object = toListed(await open.store.head(key, { version: flags.version, signal }));
    return { kind: 'object', text, open, object, name: lastSegment(key) };
  } catch (error) {
    if (!isStoreError(error, 'NotFound')) throw error;
    if (flags.recursive !== true && (await hasAny(open, `${key}/`, signal))) throw isAFolder(text);
    throw error;
  }
}

/** A folder of this machine may be empty; a name mistyped is none. */
function mustBeThere({ kind, path, text, isFolder }: Place): void {
  if (kind === 'local' && isFolder && !existsSync(path)) {
    throw notFound(`There is nothing at ${text}: ${path} does not exist`);
  }
}

function isAFolder(text: string): Error {
  return usage(`${text} is a folder`, '-r copies what is in it');
}

/** @returns undefined when there is nothing below */
async function folderSource(
  selection: Selection,
  { filter, signal }: SourceOptions,
): Promise<TreeSource | undefined> {
  const { key, opened, text } = selection;
  // A folder of this machine was opened as one.
  if (opened.place.kind === 'local' && !selection.isFolder) return undefined;
  const prefix = key === '' || key.endsWith('/') ? key : `${key}/`;
  const walked = walk({ ...selection, key: prefix, isFolder: true }, { recursive: true, filter, signal });
  // The first one tells whether there is anything; nothing is listed twice for it.
  let first;
  try {
    first = await walked.next();
  } catch (error) {
    if (!selection.isFolder && error instanceof Failure && error.exitCode === EXIT_NOT_FOUND)
      return undefined;
    throw error;
  }
  const name = folderName(opened);
  return { kind: 'folder', text, open: opened, prefix, name, isDeep: true, ...objectsOf(first, walked) };
}

function objectsOf(
  first: IteratorResult<Found, unknown>,
  rest: AsyncGenerator<Found>,
): Pick<TreeSource, 'entries' | 'leftOut' | 'close'> {
  const leftOut = { count: 0 };
  async function* entries(): AsyncGenerator<SourceEntry> {
    try {
      for (let next = first; next.done !== true; next = await rest.next()) {
        const entry = next.value;
        if (entry.type === 'prefix') leftOut.count++;
        // What stands for the folder itself has no name in it.
        else if (entry.name !== '') yield { relative: entry.name, entry };
      }
    } finally {
      await rest.return(undefined);
    }
  }
  return { entries: entries(), leftOut, close: () => rest.return(undefined) };
}

function folderName({ place, key }: OpenPlace): string {
  if (key !== '') return lastSegment(key.replace(/\/$/, ''));
  return place.bucket === '' ? lastSegment(place.path.replaceAll('\\', '/')) : place.bucket;
}

function lastSegment(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

async function hasAny({ store }: OpenPlace, prefix: string, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const _ of store.list({ prefix, delimiter: '/', signal })) return true;
  } catch (error) {
    if (!isStoreError(error, 'NotFound')) throw error;
  }
  return false;
}

/** An object as a listing has it; `undefined` when there is none. */
export async function findObject(
  store: Store,
  key: string,
  signal: AbortSignal,
): Promise<ListedObject | undefined> {
  try {
    return toListed(await store.head(key, { signal }));
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}

export function toListed({ key, size, etag, lastModified, version }: ObjectInfo): ListedObject {
  return { type: 'object', key, size, etag, lastModified, version };
}
