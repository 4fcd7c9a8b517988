/** Puts whole files in the places of their keys, and removes them: each by one step that readers see at once. */

import { dirname } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { PutMode } from '../../object-store.ts';
import type { Area } from './area.ts';
import { stateOf } from './file-state.ts';
import { errnoOf, unless } from './file-system.ts';
import { isTruePath, linkError, lookAt } from './find-object.ts';
import type { Layout } from './layout.ts';

/** Folders can go while a file is on its way into them, and come where it goes: more often than this nobody is that unlucky. */
const TRIES = 1000;

export interface Placing {
  readonly area: Area;
  readonly layout: Layout;
  readonly key: string;
  readonly operation: StoreOperation;
}

/**
 * Puts the file at `from` in the place of `key`, durably. With `create`, `from` stays as a second name of the file.
 *
 * @throws {StoreError} `AlreadyExists`
 */
export function placeObject(placing: Placing, from: string, mode: PutMode | undefined): Promise<void> {
  const { area, key } = placing;
  return area.locks.run(key, async () => {
    for (let tries = 1; ; tries++) {
      try {
        if (await tryPlace(placing, from, mode)) return;
        if (tries === TRIES) throw new StoreError('Conflict', `The folders of ${key} keep changing`, { key });
      } catch (error) {
        await area.directories.prune(dirname(placing.layout.place(key).path)).catch(() => undefined);
        throw error;
      }
    }
  });
}

/** @returns `false` when it is to be tried again: folders came or went meanwhile */
async function tryPlace(placing: Placing, from: string, mode: PutMode | undefined): Promise<boolean> {
  const { area, layout, key } = placing;
  const place = layout.place(key);
  await makeWay(placing, dirname(place.path));
  const [first, second] = await Promise.all([statAt(area, place.path), statAt(area, place.beside)]);
  if (area.findsTwins && first !== undefined && (await lookAt(area, place.path)) === 'twin')
    throw twinError(placing);
  if (mode === 'create' && (first?.isFile() === true || second !== undefined)) throw exists(placing);
  const goesBeside = first?.isDirectory() === true || (first === undefined && second !== undefined);
  const to = goesBeside && place.beside !== undefined ? place.beside : place.path;
  if (to !== place.path) await makeWay(placing, dirname(to));
  const moved = await move(placing, from, to, mode);
  if (!moved) return false;
  await area.directories.sync(dirname(to));
  const replaced = goesBeside ? second : first;
  if (mode !== 'create' && replaced?.isFile() === true) await forget(placing, replaced);
  return true;
}

/** @returns `false` when the folder is gone, or another stands where the file should go */
async function move(placing: Placing, from: string, to: string, mode: PutMode | undefined): Promise<boolean> {
  const { area } = placing;
  const { fs } = area;
  try {
    await (mode === 'create' ? fs.link(from, to) : fs.rename(from, to));
    return true;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR') {
      if ((await statAt(area, from)) === undefined) throw error;
      if (errno === 'ENOTDIR') await clearWay(placing);
      return false;
    }
    if ((await statAt(area, to))?.isDirectory() === true) return false;
    if (errno === 'EEXIST') throw exists(placing);
    throw error;
  }
}

/** Makes the folders of a place. Objects that stand where a folder must go move to their second places. */
async function makeWay(placing: Placing, folder: string): Promise<void> {
  const { area, key, operation } = placing;
  for (let tries = 1; ; tries++) {
    const found = await lookAt(area, folder);
    if (found === 'true') return;
    if (found === 'link') throw linkError(key, operation);
    if (found === 'twin') throw twinError(placing);
    try {
      await area.directories.make(folder);
    } catch (error) {
      if (!['EEXIST', 'ENOTDIR', 'ENOENT'].includes(errnoOf(error) ?? '') || tries === TRIES) throw error;
      await clearWay(placing);
    }
  }
}

async function clearWay(placing: Placing): Promise<void> {
  for (const above of placing.layout.above(placing.key)) await moveBeside(placing, above);
}

async function moveBeside({ area, layout, operation }: Placing, key: string): Promise<void> {
  const { path, beside } = layout.place(key);
  if (beside === undefined) return;
  const placing = { area, layout, key, operation };
  await area.locks.run(key, async () => {
    if ((await statAt(area, path))?.isFile() !== true) return;
    if (dirname(beside) !== dirname(path)) await makeWay(placing, dirname(beside));
    const hidden = await statAt(area, beside);
    await unless(area.fs.rename(path, beside), 'ENOENT');
    await area.directories.sync(dirname(beside));
    if (hidden?.isFile() === true) await forget(placing, hidden);
  });
}

/**
 * Removes an object, and the folders that are empty then.
 *
 * @returns the folder that is to be synced: many deletions can share that. `undefined` when there was no object
 */
export function removeObject(placing: Placing): Promise<string | undefined> {
  const { area, layout, key, operation } = placing;
  return area.locks.run(key, async () => {
    const { path, beside = path } = layout.place(key);
    if (!(await isTruePath(area, layout, path, key, operation))) {
      if (beside === path || !(await isTruePath(area, layout, beside, key, operation))) return undefined;
    }
    // The first last, since the second may be an older state that it hides. Once more, if it moved meanwhile.
    const second = beside !== path && (await remove(placing, beside));
    const first = await remove(placing, path);
    const moved = !first && beside !== path && (await remove(placing, beside));
    if (!first && !second && !moved) return undefined;
    const stays = await area.directories.prune(dirname(path));
    if (dirname(beside) === dirname(path)) return stays;
    await area.directories.sync(stays);
    return area.directories.prune(dirname(beside));
  });
}

async function remove(placing: Placing, path: string): Promise<boolean> {
  const { area } = placing;
  const stats = await statAt(area, path);
  if (stats === undefined || stats.isDirectory()) return false;
  if ((await unless(removed(area, path), 'ENOENT')) !== true) return false;
  await forget(placing, stats);
  return true;
}

async function removed({ fs }: Area, path: string): Promise<true> {
  await fs.unlink(path);
  return true;
}

/** Attributes of a state that is no object's any more. */
async function forget({ area, layout }: Placing, stats: BigIntStats): Promise<void> {
  if (layout.sidecars) await area.sidecars.remove(stateOf(stats).etag);
}

async function statAt({ fs }: Area, path: string | undefined): Promise<BigIntStats | undefined> {
  if (path === undefined) return undefined;
  return unless(fs.lstat(path, { bigint: true }), 'ENOENT', 'ENOTDIR');
}

function exists({ key, operation }: Pick<Placing, 'key' | 'operation'>): StoreError {
  return new StoreError('AlreadyExists', `There is an object ${key} already`, { operation, key });
}

function twinError({ key, operation }: Placing): StoreError {
  return new StoreError(
    'InvalidKey',
    `This file system does not tell ${key} from a key that is there: it differs only in case`,
    {
      operation,
      key,
    },
  );
}
