/**
 * An upload in progress as a folder, `.cistern/uploads/<hash of the key>.<id>/`:
 *
 * | name | |
 * |---|---|
 * | `upload.json` | the key, the attributes, the size of parts: never changed |
 * | `data.<n>` | what will be the object's file, header included; it grows |
 * | `at.<writer>.<committed>.<n>.live` | an empty file whose name is all that changes, by renames: bytes that are committed, the file they are in, and who may write |
 *
 * A rename of the mark succeeds for one of those who saw the same mark: a writer that was shut out finds its mark gone. Bytes are
 * synced before a mark counts them. `idle` instead of `live` says that the writer has left, and has closed the file.
 * A folder goes when its upload ends. Only if writers followed one another a `done` one stays for a while, since who reads may
 * have an earlier writer's file open; its data is the object's own file by a second name.
 */

import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Attributes } from '../../object-store.ts';
import type { Area } from './area.ts';
import { parseDocument } from './document.ts';
import { uniqueTimeUs } from './file-state.ts';
import { unless } from './file-system.ts';

const VERSION = 1;
const DESCRIPTOR = 'upload.json';
const KEPT = 'kept';
/** Stands for that name where numbers of data do. */
const KEPT_DATA = 0;
/** Nobody looks less often for what is new. */
const LEFT_MS = 3_600_000;
const MARK = /^at\.(\d+)\.(\d+)\.(\d+)\.(live|idle|done)$/;
const ID = /^[0-9a-z]{11,40}$/;

export interface Mark {
  /** counts writers: a later one shuts the earlier ones out */
  readonly writer: number;
  /** bytes of the object */
  readonly committed: number;
  /** the number of the file they are in */
  readonly data: number;
  readonly state: 'live' | 'idle' | 'done';
}

export interface Descriptor {
  readonly version: number;
  readonly key: string;
  readonly partSize: number;
  readonly attributes: Attributes;
  /** ISO 8601 */
  readonly startedAt: string;
}

export class UploadFolder {
  readonly id: string;
  readonly descriptor: Descriptor;
  readonly path: string;
  readonly #area: Area;

  constructor(area: Area, path: string, id: string, descriptor: Descriptor) {
    this.#area = area;
    this.path = path;
    this.id = id;
    this.descriptor = descriptor;
  }

  /** The state as of now; `undefined` when the upload has ended. */
  async mark(): Promise<Mark | undefined> {
    let seen: string | undefined;
    for (let tries = 0; tries < 10; tries++) {
      const names = await unless(this.#area.fs.readdir(this.path), 'ENOENT');
      if (names === undefined) return undefined;
      // A rename meanwhile can show both names, or none.
      const name = names
        .filter((one) => MARK.test(one))
        .sort(byProgress)
        .at(-1);
      if (name !== undefined) {
        const mark = parseMark(name);
        if (names.includes(dataName(mark.data))) return mark;
        // Its data has become the object, and is about to get its own name again.
        if (names.includes(KEPT)) return { ...mark, data: KEPT_DATA, state: 'done' };
        // It was put in its place as the object.
        if (seen === name) return undefined;
      }
      seen = name;
    }
    return undefined;
  }

  /** Durably changes the state. Resolves to `false` if it is no longer `from`: somebody else has changed it. */
  async swap(from: Mark, to: Mark): Promise<boolean> {
    const { fs, directories } = this.#area;
    const renamed = fs.rename(join(this.path, markName(from)), join(this.path, markName(to)));
    if (
      (await unless(
        renamed.then(() => true),
        'ENOENT',
      )) !== true
    )
      return false;
    await directories.sync(this.path);
    return true;
  }

  dataPath({ data }: Pick<Mark, 'data'>): string {
    return join(this.path, dataName(data));
  }

  /** Keeps a second name of the data, for `leave`. */
  async keepData(mark: Mark): Promise<void> {
    const { fs } = this.#area;
    const kept = join(this.path, KEPT);
    // One from before may be of an earlier writer's file.
    await fs.rm(kept, { force: true });
    await fs.link(this.dataPath(mark), kept);
  }

  /** Leaves the folder, whose data has become the object, for those who read. */
  async leave(mark: Mark): Promise<void> {
    await this.#area.fs.rename(join(this.path, KEPT), this.dataPath(mark));
    await this.swap(mark, { ...mark, state: 'done' });
  }

  /** Removes the folder if it was left long ago. */
  async sweep(): Promise<void> {
    const stats = await unless(this.#area.fs.lstat(this.path), 'ENOENT');
    if (stats === undefined || stats.mtimeMs > Date.now() - LEFT_MS) return;
    const mark = await this.mark();
    if (mark === undefined || mark.state === 'done') await this.remove();
  }

  /** Removes the bytes, and then the folder: who has the file open sees by its lost name that it became no object. */
  async discard(): Promise<void> {
    const { fs } = this.#area;
    for (const name of (await unless(fs.readdir(this.path), 'ENOENT')) ?? []) {
      if (name !== DESCRIPTOR && !MARK.test(name)) await unless(fs.unlink(join(this.path, name)), 'ENOENT');
    }
    await this.remove();
  }

  /** Makes it vanish in one step. */
  async remove(): Promise<void> {
    const { fs, staging, uploadsFolder, directories } = this.#area;
    const away = staging.newPath();
    await unless(fs.rename(this.path, away), 'ENOENT');
    try {
      await directories.sync(uploadsFolder);
    } finally {
      await fs.rm(away, { recursive: true, force: true });
    }
  }
}

/** Makes the folder of a new upload, which is there whole or not at all. */
export async function createUploadFolder(
  area: Area,
  given: Omit<Descriptor, 'version' | 'startedAt'>,
  header: Uint8Array,
): Promise<UploadFolder> {
  const { fs, staging, uploadsFolder, directories, durable } = area;
  const id = uniqueTimeUs().toString(36).padStart(11, '0') + randomBytes(4).toString('hex');
  const descriptor: Descriptor = { version: VERSION, ...given, startedAt: new Date().toISOString() };
  const made = staging.newPath();
  const files: [string, Uint8Array][] = [
    [DESCRIPTOR, Buffer.from(JSON.stringify(descriptor))],
    [dataName(1), header],
    [markName({ writer: 1, committed: 0, data: 1, state: 'live' }), new Uint8Array(0)],
  ];
  await fs.mkdir(made);
  try {
    for (const [name, bytes] of files) {
      const handle = await fs.open(join(made, name), 'wx');
      try {
        await handle.writeFile(bytes);
        if (durable) await handle.sync();
      } finally {
        await handle.close();
      }
    }
    await directories.sync(made);
    await fs.mkdir(uploadsFolder, { recursive: true });
    const path = join(uploadsFolder, `${beginningOf(given.key)}${id}`);
    await fs.rename(made, path);
    await directories.sync(uploadsFolder);
    return new UploadFolder(area, path, id, descriptor);
  } catch (error) {
    await fs.rm(made, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/** @returns `undefined` when there is no such upload */
export async function openUploadFolder(
  area: Area,
  key: string,
  id: string,
): Promise<UploadFolder | undefined> {
  // It is the caller's text, and becomes a path.
  if (!ID.test(id)) return undefined;
  const folder = await readFolder(area, `${beginningOf(key)}${id}`);
  return folder?.descriptor.key === key ? folder : undefined;
}

/** Those of a key, or all; in no order. */
export async function uploadFolders(area: Area, key?: string): Promise<UploadFolder[]> {
  const names = (await unless(area.fs.readdir(area.uploadsFolder), 'ENOENT')) ?? [];
  const beginning = key === undefined ? '' : beginningOf(key);
  const found: UploadFolder[] = [];
  for (const name of names) {
    if (!name.startsWith(beginning)) continue;
    const folder = await readFolder(area, name);
    if (folder !== undefined && (key === undefined || folder.descriptor.key === key)) found.push(folder);
  }
  return found;
}

async function readFolder(area: Area, name: string): Promise<UploadFolder | undefined> {
  const path = join(area.uploadsFolder, name);
  const text = await unless(area.fs.readFile(join(path, DESCRIPTOR), 'utf8'), 'ENOENT', 'ENOTDIR');
  if (text === undefined) return undefined;
  const descriptor = parseDocument(text, VERSION, `The upload ${name}`) as Descriptor;
  return new UploadFolder(area, path, name.slice(name.indexOf('.') + 1), descriptor);
}

function beginningOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.`;
}

function dataName(data: number): string {
  return data === KEPT_DATA ? KEPT : `data.${data}`;
}

function markName({ writer, committed, data, state }: Mark): string {
  return `at.${writer}.${committed}.${data}.${state}`;
}

function parseMark(name: string): Mark {
  const [, writer, committed, data, state] = MARK.exec(name) ?? [];
  return {
    writer: Number(writer),
    committed: Number(committed),
    data: Number(data),
    state: state as Mark['state'],
  };
}

function byProgress(a: string, b: string): number {
  const left = parseMark(a);
  const right = parseMark(b);
  return left.writer - right.writer || left.committed - right.committed || left.data - right.data;
}
