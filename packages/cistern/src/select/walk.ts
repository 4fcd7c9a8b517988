/** What is at a place: its objects and folders, as they are listed, with their names relative to it. */

import { statSync } from 'node:fs';
import { isStoreError } from '@cistern/store';
import type { ListedObject, ListedPrefix, ListEntry, Store } from '@cistern/store';
import { notFound } from '../failures/failure.ts';
import type { Failure } from '../failures/failure.ts';
import type { Selection } from './expand.ts';
import type { Filter } from './filters.ts';
import { globExpression, globSegments, globSource, globStart, literalStart, spansSegments } from './glob.ts';

export interface WalkOptions {
  /** all that is below, not one level of it; with a pattern, also what is below the folders that match */
  readonly recursive?: boolean | undefined;
  readonly filter?: Filter | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** `name` is relative to the place: what follows the folder named, or the folder before a pattern. Of one object its last segment. */
export type Found = FoundObject | FoundFolder;

export interface FoundObject extends ListedObject {
  /** '' of an object whose key is the folder's own, slash included, as some tools make them */
  readonly name: string;
}

export interface FoundFolder extends ListedPrefix {
  /** with a slash at its end; never '' */
  readonly name: string;
}

/**
 * In the order of keys, in constant memory. A place without a slash at its end is the folder of that name, if anything is in it, else
 * the object.
 *
 * @throws {Failure} not found, when there is nothing at the place (before filters), or nothing matches its pattern; a bucket or another
 *   whole store may be empty
 */
export async function* walk(selection: Selection, options: WalkOptions = {}): AsyncGenerator<Found> {
  const { filter } = options;
  let isThere = mayBeEmpty(selection);
  for await (const found of each(selection, options)) {
    isThere = true;
    const isMeant = filter === undefined || filter(found.name, found.type === 'object' ? found : undefined);
    if (isMeant) yield found;
  }
  if (!isThere) throw missing(selection);
}

function each(selection: Selection, options: WalkOptions): AsyncIterable<Found> {
  const { pattern, key, isFolder, opened } = selection;
  if (pattern !== undefined) return matching(opened.store, key, pattern, options);
  if (isFolder) return below(opened.store, key, options);
  return belowOrObject(selection, options);
}

function missing({ text, pattern }: Selection): Failure {
  if (pattern === undefined) return notFound(`There is nothing at ${text}`);
  return notFound(`Nothing matches ${text}`, 'With --literal it is taken as a name, and not as a pattern.');
}

/** All of a store may be empty; a folder of this machine is one when it is there. */
function mayBeEmpty({ pattern, key, opened }: Selection): boolean {
  const { kind, path } = opened.place;
  if (pattern !== undefined) return false;
  return kind === 'local' ? statSync(path, { throwIfNoEntry: false })?.isDirectory() === true : key === '';
}

async function* below(store: Store, prefix: string, options: WalkOptions): AsyncGenerator<Found> {
  for await (const entry of list(store, prefix, options)) yield named(entry, prefix.length);
}

async function* belowOrObject(selection: Selection, options: WalkOptions): AsyncGenerator<Found> {
  const { opened, key } = selection;
  const { store, place } = opened;
  let isFolder = false;
  // What would be a folder of this machine is none, or was opened as one.
  if (place.kind !== 'local') {
    for await (const found of below(store, `${key}/`, options)) {
      isFolder = true;
      yield found;
    }
  }
  if (!isFolder) yield* oneObject(store, key, options.signal);
}

async function* oneObject(
  store: Store,
  key: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundObject> {
  try {
    const { size, etag, lastModified, version } = await store.head(key, { signal });
    const name = key.slice(key.lastIndexOf('/') + 1);
    yield { type: 'object', key, size, etag, lastModified, version, name };
  } catch (error) {
    if (!isStoreError(error, 'NotFound')) throw error;
  }
}

/**
 * Goes down the pattern segment by segment, and lists of each folder no more than what begins as the segment does: what cannot match is
 * not listed, however much it is.
 */
function matching(store: Store, base: string, pattern: string, options: WalkOptions): AsyncIterable<Found> {
  const onlyFolders = pattern.endsWith('/');
  const segments = globSegments(onlyFolders ? pattern.slice(0, -1) : pattern);
  const recursive = options.recursive === true;

  async function* flat(folder: string, rest: string): AsyncGenerator<Found> {
    const expression = recursive
      ? new RegExp(`^(?:${globSource(rest)})${onlyFolders ? '/' : '(?:/|$)'}`, 'su')
      : globExpression(rest);
    const prefix = folder + literalStart(rest);
    for await (const entry of list(store, prefix, { ...options, recursive: true })) {
      const found = named(entry, base.length);
      if (expression.test(found.name.slice(folder.length - base.length))) yield found;
    }
  }

  async function* level(folder: string, index: number): AsyncGenerator<Found> {
    const segment = segments[index] ?? '';
    const isLast = index === segments.length - 1;
    if (spansSegments(segment) || (isLast && recursive)) {
      yield* flat(folder, segments.slice(index).join('/'));
      return;
    }
    if (!isLast && globStart(segment) === -1) {
      yield* level(`${folder}${literalStart(segment)}/`, index + 1);
      return;
    }
    const expression = globExpression(segment);
    const prefix = folder + literalStart(segment);
    for await (const entry of list(store, prefix, { ...options, recursive: false })) {
      const found = named(entry, base.length);
      const own = found.name.slice(folder.length - base.length);
      if (found.type === 'object') {
        if (isLast && !onlyFolders && expression.test(own)) yield found;
      } else if (expression.test(own.slice(0, -1))) {
        if (isLast) yield found;
        else yield* level(found.prefix, index + 1);
      }
    }
  }
  return level(base, 0);
}

function list(store: Store, prefix: string, { recursive, signal }: WalkOptions): AsyncIterable<ListEntry> {
  return store.list({ prefix, signal, ...(recursive !== true && { delimiter: '/' }) });
}

function named(entry: ListEntry, start: number): Found {
  if (entry.type === 'prefix') return { ...entry, name: entry.prefix.slice(start) };
  return { ...entry, name: entry.key.slice(start) };
}

/** All objects at the place, however deep, as `walk` gives them. */
export async function* walkObjects(
  selection: Selection,
  options: Omit<WalkOptions, 'recursive'> = {},
): AsyncGenerator<FoundObject> {
  for await (const found of walk(selection, { ...options, recursive: true })) {
    if (found.type === 'object') yield found;
  }
}
