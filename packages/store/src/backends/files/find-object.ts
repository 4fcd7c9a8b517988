/**
 * Finds an object's file, and opens it. It follows no links.
 *
 * An object has one of two places, since its first can be taken by a folder (`a` beside `a/b`). A file stands in the second
 * when the first is a folder, or was one when it was written; a file in the first is always the newer one. Files move from
 * the first to the second, never back: a reader that looks at the first and then at the second misses none.
 */

import { constants, readlinkSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { Attributes } from '../../object-store.ts';
import type { Area } from './area.ts';
import { stateOf } from './file-state.ts';
import { unless } from './file-system.ts';
import type { Layout } from './layout.ts';
import { OpenFile } from './open-file.ts';

/** A pipe is not waited for, and no link is followed. Windows has neither flag. */
const FLAGS =
  constants.O_RDONLY |
  ((constants as Partial<typeof constants>).O_NOFOLLOW ?? 0) |
  ((constants as Partial<typeof constants>).O_NONBLOCK ?? 0);

/** Openings of a file that is found elsewhere each time. */
const TRIES = 100;

const NONE: Attributes = Object.freeze({});

/** @returns `undefined` when there is no object */
export async function openObject(
  area: Area,
  layout: Layout,
  key: string,
  operation: StoreOperation,
): Promise<OpenFile | undefined> {
  const { path, beside } = layout.place(key);
  const first = await openPlace(area, layout, path, key, operation);
  if (first !== undefined || beside === undefined) return first;
  return openPlace(area, layout, beside, key, operation);
}

async function openPlace(
  area: Area,
  layout: Layout,
  path: string,
  key: string,
  operation: StoreOperation,
): Promise<OpenFile | undefined> {
  for (let elsewhere = 0; ;) {
    const [opened, isOwn] = await Promise.allSettled([
      unless(area.fs.open(path, FLAGS), 'ENOENT', 'ENOTDIR', 'EISDIR', 'ENXIO'),
      isTruePath(area, layout, path, key, operation),
    ]);
    if (isOwn.status === 'rejected' || !isOwn.value) {
      if (opened.status === 'fulfilled') await opened.value?.close();
      if (isOwn.status === 'rejected') throw isOwn.reason;
      return undefined;
    }
    if (opened.status === 'rejected') throw opened.reason;
    const handle = opened.value;
    if (handle === undefined) return undefined;
    if (layout.shared && !isAt(handle, path)) {
      await handle.close();
      // It has just moved, or somebody exchanges folders for links as fast as they are looked at.
      if (++elsewhere === TRIES) throw linkError(key, operation);
      continue;
    }
    try {
      const found = await describe(area, layout, handle, path, key);
      if (found === 'folder') {
        await handle.close();
        return undefined;
      }
      if (found !== 'replaced') return found;
    } catch (error) {
      await handle.close();
      throw error;
    }
    await handle.close();
  }
}

/**
 * Whether what was opened is what stands at `path`, or stood there: a folder above may have been a link for the moment in which it
 * was opened. Linux says; elsewhere that moment stays.
 */
function isAt(handle: FileHandle, path: string): boolean {
  if (process.platform !== 'linux') return true;
  try {
    // Answered out of memory: it waits for no disk.
    const found = readlinkSync(`/proc/self/fd/${handle.fd}`);
    return found === path || found === `${path} (deleted)`;
  } catch {
    return true;
  }
}

async function describe(
  area: Area,
  layout: Layout,
  handle: FileHandle,
  path: string,
  key: string,
): Promise<OpenFile | 'folder' | 'replaced'> {
  const stats = await handle.stat({ bigint: true });
  if (!stats.isFile()) return 'folder';
  const state = stateOf(stats);
  const header = await layout.readHeader(handle, key);
  let attributes = header?.attributes;
  if (layout.sidecars) {
    attributes = await area.sidecars.read(state.etag);
    // They are removed when the file has lost its place: those of one that was replaced meanwhile may have been there.
    if (attributes === undefined && (await wasUnlinked(handle, stats))) return 'replaced';
  }
  const start = header?.size ?? 0;
  const { etag, lastModified } = state;
  const info = { key, size: state.size - start, etag, lastModified, attributes: attributes ?? NONE };
  return new OpenFile({ handle, path, info, state, start });
}

async function wasUnlinked(handle: FileHandle, before: BigIntStats): Promise<boolean> {
  return (await handle.stat({ bigint: true })).nlink !== before.nlink;
}

/**
 * Whether a file's path leads to where it says.
 *
 * @returns `false` when nothing is there, or what is there has another name that this system takes for the same
 * @throws {StoreError} `PermissionDenied` when a link leads elsewhere
 */
export async function isTruePath(
  area: Area,
  layout: Layout,
  path: string,
  key: string,
  operation: StoreOperation,
): Promise<boolean> {
  if (!layout.shared) return true;
  const found = await lookAt(area, area.findsTwins ? path : dirname(path));
  if (found === 'link') throw linkError(key, operation);
  return found === 'true';
}

/** What a path leads to: nothing, what it says, the same by another spelling, or elsewhere. */
export async function lookAt(area: Area, path: string): Promise<'missing' | 'true' | 'twin' | 'link'> {
  if (path === area.root) return 'true';
  const found = await area.directories.truePath(path);
  if (found === undefined) return 'missing';
  if (found === path) return 'true';
  return area.findsTwins && fold(found) === fold(path) ? 'twin' : 'link';
}

export function linkError(key: string, operation: StoreOperation): StoreError {
  return new StoreError(
    'PermissionDenied',
    `A symbolic link stands in the path of ${key}, and links are not followed`,
    {
      operation,
      key,
    },
  );
}

function fold(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
