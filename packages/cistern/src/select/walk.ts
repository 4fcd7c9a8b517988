/** What is at a place: its objects and folders, as they are listed, with their names relative to it. */

import { statSync } from 'node:fs';
import { isStoreError } from '@cistern/store';
import type { ListedObject, ListedPrefix, ListEntry, Store } from '@cistern/store';
import { notFound } from '../failures/failure.ts';
import type { Failure } from '../failures/failure.ts';
import type { Selection } from './expand.ts';
import type { Filter } from './filters.ts';
import { globExpression, globSegments, globSource, globStart, literalStart, spansSegments } from './glob.ts';
import { inOrder } from './in-order.ts';

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
  const { key, pattern, isFolder } = selection;
  const isMeant = (found: Found): boolean =>
    filter === undefined || filter(found.name, found.type === 'object' ? found : undefined);
  const start = isFolder ? key.length : key.length + 1;
  let isThere = mayBeEmpty(selection);
  // One generator for all: each one more costs as much as the listing itself.
  for await (const entry of entriesOf(selection, options)) {
    isThere = true;
    const found = named(entry, start);
    if (isMeant(found)) yield found;
  }
  if (isThere) return;
  const object = pattern === undefined && !isFolder ? await oneObject(selection, options) : undefined;
  if (object === undefined) throw missing(selection);
  if (isMeant(object)) yield object;
}

function entriesOf(
  selection: Selection,
  options: WalkOptions,
): AsyncIterable<ListEntry> | readonly ListEntry[] {
  const { pattern, key, isFolder, opened } = selection;
  const { store, place } = opened;
  if (pattern !== undefined) return matching(store, key, pattern, options);
  // What would be a folder of this machine is none, or was opened as one.
  if (!isFolder && place.kind === 'local') return [];
  return list(store, isFolder ? key : `${key}/`, options);
}

function missing({ text, pattern, opened }: Selection): Failure {
  if (pattern === undefined) {
    // Other tools know nothing but buckets.
    const isName = opened.place.kind === 'local' && /^[\w.-]+$/.test(text);
    return notFound(
      `There is nothing at ${text}`,
      isName ? `That is a path of this machine: a bucket is s3://${text}` : undefined,
    );
  }
  return notFound(`Nothing matches ${text}`, 'With --literal it is taken as a name, and not as a pattern.');
}

/** All of a store may be empty; a folder of this machine is one when it is there. */
function mayBeEmpty({ pattern, key, opened }: Selection): boolean {
  const { kind, path } = opened.place;
  if (pattern !== undefined) return false;
  return kind === 'local' ? statSync(path, { throwIfNoEntry: false })?.isDirectory() === true : key === '';
}

async function oneObject(
  { opened, key }: Selection,
  { signal }: WalkOptions,
): Promise<FoundObject | undefined> {
  try {
    const { size, etag, lastModified, version } = await opened.store.head(key, { signal });
    const name = key.slice(key.lastIndexOf('/') + 1);
    return { type: 'object', key, size, etag, lastModified, version, name };
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}

/**
 * Goes down the pattern segment by segment, and lists of each folder no more than what begins as the segment does: what cannot match is
 * not listed, however much it is.
 */
function matching(
  store: Store,
  base: string,
  pattern: string,
  options: WalkOptions,
): AsyncIterable<ListEntry> {
  const onlyFolders = pattern.endsWith('/');
  const segments = globSegments(onlyFolders ? pattern.slice(0, -1) : pattern);
  const recursive = options.recursive === true;

  async function* flat(folder: string, rest: string): AsyncGenerator<ListEntry> {
    const expression = recursive
      ? new RegExp(`^(?:${globSource(rest)})${onlyFolders ? '/' : '(?:/|$)'}`, 'su')
      : globExpression(rest);
    const prefix = folder + literalStart(rest);
    for await (const entry of list(store, prefix, { ...options, recursive: true })) {
      if (entry.type === 'object' && expression.test(entry.key.slice(folder.length))) yield entry;
    }
  }

  async function* level(folder: string, index: number): AsyncGenerator<ListEntry> {
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
    if (!isLast) {
      yield* inOrder(foldersBelow(folder, index));
      return;
    }
    const expression = globExpression(segment);
    for await (const entry of oneLevel(folder, segment)) {
      const isMatch =
        entry.type === 'object'
          ? !onlyFolders && expression.test(entry.key.slice(folder.length))
          : expression.test(entry.prefix.slice(folder.length, -1));
      if (isMatch) yield entry;
    }
  }

  async function* foldersBelow(folder: string, index: number): AsyncGenerator<AsyncIterable<ListEntry>> {
    const segment = segments[index] ?? '';
    const expression = globExpression(segment);
    for await (const entry of oneLevel(folder, segment)) {
      if (entry.type === 'prefix' && expression.test(entry.prefix.slice(folder.length, -1))) {
        yield level(entry.prefix, index + 1);
      }
    }
  }

  function oneLevel(folder: string, segment: string): AsyncIterable<ListEntry> {
    return list(store, folder + literalStart(segment), { ...options, recursive: false });
  }
  return level(base, 0);
}

function list(store: Store, prefix: string, { recursive, signal }: WalkOptions): AsyncIterable<ListEntry> {
  return store.list({ prefix, signal, ...(recursive !== true && { delimiter: '/' }) });
}

function named(entry: ListEntry, start: number): Found {
  if (entry.type === 'prefix') {
    const { type, prefix } = entry;
    return { type, prefix, name: prefix.slice(start) };
  }
  const { type, key, size, etag, lastModified, version } = entry;
  return { type, key, size, etag, lastModified, version, name: key.slice(start) };
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
