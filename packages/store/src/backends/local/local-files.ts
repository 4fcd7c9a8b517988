/**
 * Where a key's file is, and how one comes there and goes: by one step that others see at once. A key has one of two places,
 * since its first can be taken by a folder (`a` beside `a/b`); a file in the first is always the newer one.
 */

import {
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { copyFile, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { PutMode } from '../../object-store.ts';
import { errnoOf } from '../files/file-system.ts';
import type { KeyPaths } from '../files/key-paths.ts';
import { isPartial, newPartialName } from './partial-names.ts';

/** Folders can go while a file is on its way into them: more often than this nobody is that unlucky. */
const TRIES = 100;
/** Folders known to be no links; more than this are looked at again. */
const KNOWN_MAX = 10_000;

export interface LocalFilesOptions {
  /** absolute */
  readonly root: string;
  readonly paths: KeyPaths;
  readonly follow: boolean;
  readonly durable: boolean;
}

/** A file that is being written. */
export interface Begun {
  readonly path: string;
  /** where it is to go, as it looked at first */
  readonly to: string;
}

export class LocalFiles {
  readonly root: string;
  readonly #options: LocalFilesOptions;
  readonly #known = new Set<string>();

  constructor(options: LocalFilesOptions) {
    this.root = options.root;
    this.#options = options;
  }

  /** @throws {StoreError} `InvalidKey` for a key whose file no listing would show */
  checkKey(key: string, operation: StoreOperation): void {
    if (!isPartial(key.slice(key.lastIndexOf('/') + 1))) return;
    throw new StoreError('InvalidKey', `${key} is a name of files that are being written`, {
      operation,
      key,
    });
  }

  /**
   * Both places, the first first.
   *
   * @throws {StoreError} `PermissionDenied` when a folder on the way is a link
   */
  places(key: string, operation: StoreOperation): readonly [string, string] {
    const { root, paths } = this.#options;
    const names = paths.toNames(key);
    this.#refuseLinks(names, key, operation);
    return [below(root, names), below(root, paths.toNames(key, true))];
  }

  /** The path at which `key` is to be written: its folders are made. */
  placeFor(key: string, operation: StoreOperation): string {
    const [path, beside] = this.places(key, operation);
    this.#makeWay(key, path, operation);
    this.#keepKnown(dirname(path));
    const to = isFolder(path) || (isFile(beside) && !isFile(path)) ? beside : path;
    if (dirname(to) !== dirname(path)) this.#makeWay(key, to, operation);
    return to;
  }

  /**
   * As `placeFor` while nothing stands in the way and the folder is still there, which nobody looks at: of thousands of files in one
   * folder that was half of the time. `undefined` for a folder that is not known.
   */
  likelyPlaceFor(key: string, operation: StoreOperation): string | undefined {
    const { root, paths } = this.#options;
    const names = paths.toNames(key);
    const path = below(root, names);
    if (!this.#known.has(dirname(path))) return undefined;
    this.#refuseLinks(names, key, operation);
    return path;
  }

  /** A path at which nothing is, in the folder to which the file of `key` belongs. */
  newPartial(key: string, operation: StoreOperation): Begun {
    const to = this.placeFor(key, operation);
    return { path: `${dirname(to)}/${newPartialName(basename(to))}`, to };
  }

  /**
   * Puts a whole file in the place of `key`; it is there under one name afterwards.
   *
   * @throws {StoreError} `AlreadyExists`
   */
  async place(
    begun: Begun,
    key: string,
    mode: PutMode | undefined,
    operation: StoreOperation,
  ): Promise<void> {
    const { path: from } = begun;
    for (let tries = 1; ; tries++) {
      const to = tries === 1 ? begun.to : this.placeFor(key, operation);
      try {
        if (mode === 'create') await this.#create(from, to, key, operation);
        else renameSync(from, to);
        if (this.#options.durable) await this.#syncFolders(dirname(to));
        return;
      } catch (error) {
        // The folder has gone, or one has come where the file should go.
        const errno = errnoOf(error) ?? '';
        const isMoved = ['ENOENT', 'ENOTDIR', 'EISDIR', 'EEXIST', 'ENOTEMPTY'].includes(errno);
        if (!isMoved || tries === TRIES || !isFile(from)) throw error;
      }
    }
  }

  /** Removes the file of `key` if there is one, and the folders that are empty then. */
  async remove(key: string): Promise<void> {
    // The second place once more: a file moves there when a folder comes in its way.
    const [path, beside] = this.places(key, 'delete');
    const removed = [beside, path, beside].filter((one) => removeFile(one));
    for (const one of removed) {
      const stays = this.prune(dirname(one));
      if (this.#options.durable) await this.#syncFolders(stays);
    }
  }

  /** Removes the folders of `path` that are empty. */
  pruneAbove(path: string): void {
    this.prune(dirname(path));
  }

  /** Removes empty folders, upwards from `folder`; the root stays. @returns the first that stays */
  prune(folder: string): string {
    let at = folder;
    while (at.length > this.root.length) {
      try {
        rmdirSync(at);
      } catch {
        return at;
      }
      this.#known.delete(at);
      at = dirname(at);
    }
    return at;
  }

  async #create(from: string, to: string, key: string, operation: StoreOperation): Promise<void> {
    try {
      linkSync(from, to);
    } catch (error) {
      const errno = errnoOf(error) ?? '';
      if (errno === 'EEXIST' && !isFolder(to)) throw exists(key, operation);
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno)) throw error;
      // No links there: exclusive, though others can see it grow.
      try {
        await copyFile(from, to, constants.COPYFILE_EXCL);
      } catch (second) {
        if (errnoOf(second) === 'EEXIST' && !isFolder(to)) throw exists(key, operation);
        throw second;
      }
    }
    unlinkSync(from);
  }

  /** Makes the folder of `path`. A file that stands where a folder must go moves to its second place. */
  #makeWay(key: string, path: string, operation: StoreOperation): void {
    const folder = dirname(path);
    for (let tries = 1; !isFolder(folder); tries++) {
      try {
        mkdirSync(folder, { recursive: true });
      } catch (error) {
        if (!['EEXIST', 'ENOTDIR', 'ENOENT'].includes(errnoOf(error) ?? '') || tries === TRIES) throw error;
        const segments = key.split('/');
        for (let count = 1; count < segments.length; count++) {
          const above = segments.slice(0, count).join('/');
          if (above !== '') this.#moveBeside(above, operation);
        }
      }
    }
  }

  #moveBeside(key: string, operation: StoreOperation): void {
    const [path, beside] = this.places(key, operation);
    if (!isFile(path)) return;
    if (dirname(beside) !== dirname(path)) this.#makeWay(key, beside, operation);
    renameSync(path, beside);
  }

  #refuseLinks(names: readonly string[], key: string, operation: StoreOperation): void {
    if (this.#options.follow) return;
    for (let count = 1; count < names.length; count++) {
      const path = below(this.root, names.slice(0, count));
      if (this.#known.has(path)) continue;
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) return;
      if (stats.isSymbolicLink()) {
        throw new StoreError('PermissionDenied', `${path} is a symbolic link, and links are not followed`, {
          operation,
          key,
        });
      }
      if (!stats.isDirectory()) return;
      this.#keepKnown(path);
    }
  }

  #keepKnown(folder: string): void {
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.add(folder);
  }

  /** The entries of a folder, and of those above it that may be new. */
  async #syncFolders(folder: string): Promise<void> {
    // Windows cannot open a folder to sync it.
    if (process.platform === 'win32') return;
    for (let at = folder; at.length >= this.root.length; at = dirname(at)) {
      const handle = await open(at, 'r');
      try {
        await handle.sync();
      } finally {
        await handle.close();
      }
    }
  }
}

/** The path of these names below `root`, which may be that of the whole system. */
export function below(root: string, names: readonly string[]): string {
  if (names.length === 0) return root;
  return (root.endsWith('/') ? root : `${root}/`) + names.join('/');
}

function look(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (['ENOTDIR', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}

function isFile(path: string): boolean {
  const stats = look(path);
  return stats !== undefined && !stats.isDirectory();
}

function isFolder(path: string): boolean {
  return look(path)?.isDirectory() === true;
}

/** @returns whether there was one */
function removeFile(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    // macOS says EPERM of folders.
    if (['ENOENT', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG'].includes(errno) || isFolder(path)) return false;
    throw error;
  }
}

function exists(key: string, operation: StoreOperation): StoreError {
  return new StoreError('AlreadyExists', `There is an object ${key} already`, { operation, key });
}
