/**
 * The directories that storage classes have of their own: made, locked and prepared as the data directory is, and each
 * bound to the one data directory whose blobs it holds. Which blobs those are is the catalog's to know.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { prepareDirectories, syncDirectory } from './blobs/files/file-blob-store.ts';
import { STORE_TIER } from './blobs/tiers.ts';
import { DATABASE_FILE } from './catalog/sqlite/connection.ts';
import type { StorageClassMap } from './config.ts';
import { DirectoryLocked, LOCK_FILE, makeDurably, takeLock } from './directory-lock.ts';

/** In the data directory: what tells it from others. In a class's directory: to which it belongs. */
const ID_FILE = 'id';
const OWNER_FILE = 'owner';

export class ClassDirectoryUnusable extends Error {
  constructor(
    { path, classes }: { path: string; classes: readonly string[] },
    reason: string,
    cause?: unknown,
  ) {
    super(`The directory ${path} of the storage class ${classes.join(' and ')} cannot be used: ${reason}`, {
      cause,
    });
    this.name = 'ClassDirectoryUnusable';
  }
}

/** Blobs are known whose directory is not. */
export class ClassDirectoryMissing extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ClassDirectoryMissing';
  }
}

interface ClassDirectory {
  readonly path: string;
  readonly classes: readonly string[];
}

/**
 * @param dataDir locked by the caller, and prepared
 * @throws ClassDirectoryUnusable; nothing stays locked then
 */
export async function openClassDirectories(
  dataDir: string,
  map: StorageClassMap,
): Promise<{ close(): void }> {
  const directories = distinct(map);
  refuseNesting(dataDir, directories);
  const locks: { close(): void }[] = [];
  const close = (): void => {
    for (const lock of locks) lock.close();
  };
  for (const directory of directories) {
    try {
      locks.push(await openClassDirectory(dataDir, directory));
    } catch (error) {
      close();
      throw explain(directory, error);
    }
  }
  return { close };
}

/**
 * Holds that blobs of these classes can be found: without their directory every request for them would fail, one by
 * one, and a disk that was not mounted would look as if it were empty.
 *
 * @throws ClassDirectoryMissing
 */
export function requireClassDirectories(classes: readonly string[], map: StorageClassMap): void {
  for (const name of classes) {
    if (name === STORE_TIER) continue;
    const directory = map[name]?.directory ?? null;
    if (directory === null)
      throw new ClassDirectoryMissing(
        `there are objects of the storage class ${name} in a directory of its own, and none is given: ` +
          `start with --storage-class ${name}=DIRECTORY.`,
      );
    if (!existsSync(join(directory, 'blobs', name)))
      throw new ClassDirectoryMissing(
        `there are objects of the storage class ${name}, and none of them in its directory ${directory}. ` +
          'Is it another, or is its disk not mounted?',
      );
  }
}

/** Several classes may share one. */
function distinct(map: StorageClassMap): ClassDirectory[] {
  const byPath = new Map<string, string[]>();
  for (const [name, { directory }] of Object.entries(map)) {
    if (directory === null) continue;
    const path = realPath(directory);
    byPath.set(path, [...(byPath.get(path) ?? []), name]);
  }
  return [...byPath].map(([path, classes]) => ({ path, classes }));
}

/** What the path will be once it is made: symbolic links on the way are followed as far as it exists. */
function realPath(path: string): string {
  if (existsSync(path)) return realpathSync(path);
  const parent = dirname(path);
  return parent === path ? path : join(realPath(parent), basename(path));
}

/** One store's files among another's would be taken for its own. */
function refuseNesting(dataDir: string, directories: readonly ClassDirectory[]): void {
  const data = realPath(dataDir);
  for (const directory of directories) {
    if (directory.path === data)
      throw new ClassDirectoryUnusable(
        directory,
        'it is the data directory itself. Give the class another, or none: its blobs are in the data directory then.',
      );
    for (const other of [data, ...directories.map(({ path }) => path)]) {
      for (const [inner, outer] of [
        [directory.path, other],
        [other, directory.path],
      ] as const) {
        const taken = ['blobs', 'tmp'].map((name) => join(outer, name)).find((path) => isWithin(inner, path));
        if (taken !== undefined)
          throw new ClassDirectoryUnusable(
            directory,
            `${inner} would be within ${taken}, which holds nothing but blobs. Give the class another.`,
          );
      }
    }
  }
}

function isWithin(path: string, outer: string): boolean {
  return path === outer || path.startsWith(outer + sep);
}

async function openClassDirectory(dataDir: string, directory: ClassDirectory): Promise<{ close(): void }> {
  const { path } = directory;
  if (existsSync(join(path, DATABASE_FILE)))
    throw new ClassDirectoryUnusable(directory, 'it is a data directory. Give the class another.');
  await makeDurably(path);
  const lock = takeLock(path);
  try {
    await claim(dataDir, directory);
    await prepareDirectories(path);
    return lock;
  } catch (error) {
    lock.close();
    throw error;
  }
}

/**
 * Two data directories must not share one: each would delete what the other still needs. So the first that uses it owns
 * it, until no class has blobs there.
 */
async function claim(dataDir: string, directory: ClassDirectory): Promise<void> {
  const { path } = directory;
  const id = await idOf(dataDir);
  const owner = read(join(path, OWNER_FILE));
  if (owner === id) return;
  const blobs = join(path, 'blobs');
  if (owner !== '' && existsSync(blobs) && readdirSync(blobs).length > 0)
    throw new ClassDirectoryUnusable(
      directory,
      `it holds the blobs of another data directory than ${dataDir}. Give the class another; if they are this one's ` +
        `after all, because its file "${ID_FILE}" was lost, remove ${join(path, OWNER_FILE)}.`,
    );
  await writeDurably(join(path, OWNER_FILE), id);
}

/** What tells a data directory from others; made when it is first asked for. */
export async function idOf(dataDir: string): Promise<string> {
  const file = join(dataDir, ID_FILE);
  const known = read(file);
  if (known !== '') return known;
  const id = randomBytes(16).toString('hex');
  await writeDurably(file, id);
  return id;
}

/** Empty, too, when a crash came before the text: nothing relies on it yet. */
function read(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(`${text}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
}

function explain(directory: ClassDirectory, error: unknown): ClassDirectoryUnusable {
  if (error instanceof ClassDirectoryUnusable) return error;
  if (error instanceof DirectoryLocked)
    return new ClassDirectoryUnusable(
      directory,
      'another process uses it. Stop that one, or give the class another.',
    );
  const reason = error instanceof Error ? error.message : String(error);
  const advice =
    error instanceof Error && 'errcode' in error
      ? `Its file "${LOCK_FILE}" holds nothing that is needed: remove it while no server uses the directory.`
      : 'Give the user that runs Cistern the right to write there, or the class another directory.';
  return new ClassDirectoryUnusable(directory, `${reason}. ${advice}`, error);
}
