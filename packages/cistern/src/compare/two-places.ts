/**
 * Two places beside each other, for commands that make one like the other or tell them apart: two folders, of whatever store, with keys
 * relative to each; or two single objects. What is named must be there: a folder that is missing is never an empty one.
 */

import { statSync } from 'node:fs';
import type { ListedObject, Store } from '@cistern/store';
import { mergeListings } from '@cistern/store/sync';
import type { KeyPair } from '@cistern/store/sync';
import type { Cli } from '../command/cli.ts';
import type { ReachFlags } from '../command/options.ts';
import { notFound, usage } from '../failures/failure.ts';
import { address } from '../places/address.ts';
import type { OpenPlace } from '../places/places.ts';
import type { Filter } from '../select/filters.ts';
import { findObject } from '../transfer/sources.ts';

export interface Side {
  readonly opened: OpenPlace;
  /** of a folder: its objects, with keys relative to it */
  readonly store: Store;
  /** before each relative key, in the store of `opened`; of a single object its key */
  readonly base: string;
  /** Which object a relative key is, in the store of `opened`. */
  key(relative: string): string;
  /** How the user would name it. */
  name(relative: string): string;
}

export interface TwoPlaces {
  readonly left: Side;
  readonly right: Side;
  /** two objects: the left one is there */
  readonly single: KeyPair | undefined;
}

export interface TwoPlacesOptions {
  /** the right one is to be written: it need not be there */
  readonly isTarget: boolean;
  readonly flags: ReachFlags;
}

/** @throws {Failure} for what is not there, and for two that are the same or one inside of the other */
export async function openTwoPlaces(
  cli: Cli,
  [left, right]: readonly [string, string],
  { isTarget, flags }: TwoPlacesOptions,
): Promise<TwoPlaces> {
  const places = await cli.places();
  const { signal } = cli;
  const [from, to] = [await places.open(left, flags), await places.open(right, flags)];
  const source = await look(from, signal);
  if (source === undefined) throw missing(from);
  const target = await look(to, signal);
  if (target === undefined && !isTarget) throw missing(to);
  if (source === 'folder') {
    if (target !== undefined && target !== 'folder') {
      throw usage(`${left} is a folder, and ${right} is none`, 'Name two folders, or two objects');
    }
    // A folder of this machine that is not there yet was opened as a name in the one above.
    const isNew = target === undefined && to.place.kind === 'local' && !to.isFolder;
    const folder = isNew ? await places.open({ ...to.place, isFolder: true }, flags) : to;
    const two = { left: await side(from), right: await side(folder), single: undefined };
    refuseOverlap(two.left, two.right);
    return two;
  }
  const object = await inFolder(to, target, source.key, signal);
  if (object.found === undefined && !isTarget) throw notFound(`There is no ${to.name(object.key)}`);
  const sides = { left: single(from, source.key), right: single(to, object.key) };
  if (address(from, source.key) === address(to, object.key)) throw usage(`${left} and ${right} are the same`);
  return { ...sides, single: { key: '', source, target: object.found } };
}

/** The keys of both, in order; `filter` is asked for the left object, or the right one where that is alone. */
export async function* eachPair(
  { left, right, single: only }: TwoPlaces,
  filter: Filter | undefined,
  signal: AbortSignal,
): AsyncGenerator<KeyPair> {
  if (only !== undefined) {
    yield only;
    return;
  }
  for await (const pair of mergeListings(left.store, right.store, { signal })) {
    const object = pair.source ?? pair.target;
    if (filter === undefined || object === undefined || filter(pair.key, object)) yield pair;
  }
}

/** What a place is: an object, a folder, or nothing. */
async function look(opened: OpenPlace, signal: AbortSignal): Promise<ListedObject | 'folder' | undefined> {
  const { place, store, key } = opened;
  if (place.kind === 'local') {
    const found = statSync(place.path, { throwIfNoEntry: false });
    if (found === undefined) return undefined;
    if (found.isDirectory()) return 'folder';
    if (place.isFolder) throw usage(`${place.text} is a file, and no folder`);
    return findObject(store, key, signal);
  }
  const isFile = place.kind === 'zip' || place.kind === 'sqlite' || place.kind === 'hashed';
  if (isFile && statSync(place.path, { throwIfNoEntry: false }) === undefined) return undefined;
  // A whole store may be empty; its listing says if it is not there at all.
  if (key === '') return 'folder';
  for await (const _ of store.list({ prefix: folderKey(key), signal })) return 'folder';
  return key.endsWith('/') ? undefined : findObject(store, key, signal);
}

/** Where an object named `name` goes: into a folder by its own name. */
async function inFolder(
  to: OpenPlace,
  target: ListedObject | 'folder' | undefined,
  source: string,
  signal: AbortSignal,
): Promise<{ key: string; found: ListedObject | undefined }> {
  if (target !== undefined && target !== 'folder') return { key: to.key, found: target };
  if (target === undefined && !to.isFolder) return { key: to.key, found: undefined };
  const key = folderKey(to.key) + source.slice(source.lastIndexOf('/') + 1);
  return { key, found: await findObject(to.store, key, signal) };
}

async function side(opened: OpenPlace): Promise<Side> {
  const base = folderKey(opened.key);
  const store =
    base === '' ? opened.store : (await import('@cistern/store/layers')).prefix(base, opened.store);
  return {
    opened,
    store,
    base,
    key: (relative) => base + relative,
    name: (relative) => opened.name(base + relative),
  };
}

function single(opened: OpenPlace, key: string): Side {
  return { opened, store: opened.store, base: key, key: () => key, name: () => opened.name(key) };
}

function folderKey(key: string): string {
  return key === '' || key.endsWith('/') ? key : `${key}/`;
}

function missing({ place, key }: OpenPlace): Error {
  if (place.kind === 'local') return notFound(`There is no ${place.text}`);
  if (key === '') return notFound(`There is no ${place.path}`);
  return notFound(`There is nothing at ${place.text}`);
}

function refuseOverlap(from: Side, to: Side): void {
  const [a, b] = [from, to].map(({ opened, base }) => folderKey(address(opened, base))) as [string, string];
  const [one, other] = [from.opened.place.text, to.opened.place.text];
  if (a === b) throw usage(`${one} and ${other} are the same`);
  if (!a.startsWith(b) && !b.startsWith(a)) return;
  const [inner, outer] = a.startsWith(b) ? [one, other] : [other, one];
  throw usage(`${inner} is inside of ${outer}`, 'Name two that are beside each other.');
}
