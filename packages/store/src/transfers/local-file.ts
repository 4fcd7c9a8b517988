/**
 * Files of plain folders as transfers make them: under a hidden name beside their place first, with the time of their object,
 * and moved there by one step that others see at once.
 */

import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  fstatSync,
  futimesSync,
  linkSync,
  lstatSync,
  openSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { stateOf } from '../backends/files/file-state.ts';
import { errnoOf } from '../backends/files/file-system.ts';
import { toStoreError } from '../backends/files/system-errors.ts';
import { StoreError } from '../errors.ts';
import type { ObjectInfo } from '../object-store.ts';
import { PARTIAL_SUFFIX } from './local-target.ts';

/** Bytes of a name that file systems take. */
const NAME_BYTES_MAX = 255;
/** No other process has it: two that write one file do not meet in one partial. */
const OWN = randomBytes(4).toString('hex');
/** What a file system says that has no links, or none more of that file. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EMLINK',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EPERM',
  'EXDEV',
]);
const FOLDER_IN_PLACE: ReadonlySet<string> = new Set(['EISDIR', 'ENOTEMPTY', 'EEXIST']);

export interface LocalWrite {
  readonly key: string;
  /** absolute */
  readonly path: string;
  /** `create`: nothing is replaced */
  readonly creates: boolean;
  readonly durable: boolean;
}

/** The name under which a file grows. @param stays the same for every process, which can go on with what another left */
export function partialPath(path: string, stays: boolean): string {
  const name = basename(path);
  const ending = stays ? PARTIAL_SUFFIX : `.${OWN}${PARTIAL_SUFFIX}`;
  const whole = `.${name}${ending}`;
  const fits = Buffer.byteLength(whole) <= NAME_BYTES_MAX;
  const short = fits ? whole : `.${createHash('sha256').update(name).digest('hex')}${ending}`;
  return join(dirname(path), short);
}

/**
 * A small file in one go, in the thread itself: through the pool each step would take longer than all of them do here.
 *
 * @throws {StoreError} `AlreadyExists`; the old file or none is there then
 */
export async function writeSmallFile(
  write: LocalWrite,
  bytes: Uint8Array,
  modified: Date,
): Promise<ObjectInfo> {
  const { key, path } = write;
  const partial = partialPath(path, false);
  let stats: BigIntStats;
  try {
    const fd = openSync(partial, 'w');
    try {
      for (let written = 0; written < bytes.byteLength;) {
        written += writeSync(fd, bytes, written, bytes.byteLength - written, written);
      }
      const time = fileTime(modified);
      futimesSync(fd, time, time);
      stats = fstatSync(fd, { bigint: true });
      if (write.durable) fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    moveInPlace(write, partial);
  } catch (error) {
    discard(partial);
    throw toStoreError(error, 'put', key);
  }
  if (write.durable) await syncFolder(write);
  return localInfo(key, stats);
}

/** Gives a whole file its name. @throws {StoreError} `AlreadyExists`, `Conflict`; the system's errors as such */
export function moveInPlace({ key, path, creates }: LocalWrite, partial: string): void {
  try {
    if (creates) linkInPlace(path, partial);
    else renameSync(partial, path);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (!FOLDER_IN_PLACE.has(errno)) throw error;
    if (isFolder(path)) {
      throw new StoreError('Conflict', `A folder is where ${path} should be`, {
        operation: 'put',
        key,
        cause: error,
      });
    }
    throw alreadyThere(key, path, error);
  }
}

function linkInPlace(path: string, partial: string): void {
  try {
    linkSync(partial, path);
    unlinkSync(partial);
  } catch (error) {
    if (!NO_LINKS.has(errnoOf(error) ?? '')) throw error;
    // Without links the name is taken by an empty file of ours first, which the whole one replaces.
    closeSync(openSync(path, 'wx'));
    renameSync(partial, path);
  }
}

/** @throws {StoreError} `AlreadyExists` when something is there; before a byte has moved */
export function checkFree({ key, path, creates }: LocalWrite): void {
  if (creates && lstatSync(path, { throwIfNoEntry: false }) !== undefined) throw alreadyThere(key, path);
}

function alreadyThere(key: string, path: string, cause?: unknown): StoreError {
  return new StoreError('AlreadyExists', `There is ${path} already`, { operation: 'put', key, cause });
}

function isFolder(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Makes the file's name durable. Windows cannot open a folder to sync it. */
export async function syncFolder({ key, path }: LocalWrite): Promise<void> {
  if (process.platform === 'win32') return;
  try {
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw toStoreError(error, 'put', key);
  }
}

export function discard(partial: string): void {
  try {
    unlinkSync(partial);
  } catch {
    // There is none, or it stays under a name that says what it is.
  }
}

/** As the store whose folder it is describes the file. */
export function localInfo(key: string, stats: BigIntStats): ObjectInfo {
  return { key, ...stateOf(stats), attributes: {} };
}

/** Seconds that give a file a time of whole milliseconds. As a binary fraction most of these are a little less, and would be cut to the one before. */
export function fileTime(time: Date): number {
  return (time.getTime() + 0.001) / 1000;
}
