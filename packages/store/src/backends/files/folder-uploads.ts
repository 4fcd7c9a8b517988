/** Uploads of a store in a folder: begun, gone on with, completed by one rename. The bytes are written once. */

import { constants } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type { Attributes, ObjectInfo, UploadOptions } from '../../object-store.ts';
import type { CompleteOptions, Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { PartedUpload } from '../../uploads/parted-upload.ts';
import type { Part } from '../../uploads/part-writer.ts';
import type { Area } from './area.ts';
import { errnoOf, unless } from './file-system.ts';
import { FolderUploadReader } from './folder-upload-reader.ts';
import type { Layout } from './layout.ts';
import { closeWithOwner } from './lost-handles.ts';
import { placeObject } from './place-object.ts';
import { sealFile, writeAll } from './staging.ts';
import { mapped } from './system-errors.ts';
import { createUploadFolder, openUploadFolder, uploadFolders } from './upload-folder.ts';
import type { Mark, UploadFolder } from './upload-folder.ts';

/** Each part costs two syncs. */
const PART_BYTES = 8 * 1024 * 1024;

export class FolderUploads {
  readonly #area: Area;
  readonly #layout: Layout;

  constructor(area: Area, layout: Layout) {
    this.#area = area;
    this.#layout = layout;
  }

  async begin(key: string, attributes: Attributes, options: UploadOptions): Promise<Upload> {
    const { partSize = PART_BYTES, concurrency = 2, resume } = options;
    if (!Number.isSafeInteger(partSize) || partSize < 1) {
      throw new StoreError('InvalidArgument', `A part has 1 byte or more, not ${partSize}`, {
        operation: 'upload',
        key,
      });
    }
    const writer = await (resume === undefined
      ? this.#begin(key, attributes, partSize)
      : this.#resume(key, resume));
    return new PartedUpload({
      key,
      id: writer.id,
      partSize: writer.partSize,
      concurrency,
      // One file has no parts: what follows a flush follows it there.
      afterShort: 'next',
      committed: writer.committed,
      writePart: (part) => mapped('upload', key, () => writer.writePart(part)),
      complete: (size, _parts, complete) => mapped('upload', key, () => writer.complete(size, complete)),
      abort: () => mapped('upload', key, () => writer.abort()),
      detach: () => mapped('upload', key, () => writer.detach()),
    });
  }

  async open(key: string, id: string | undefined): Promise<UploadReader> {
    const folders =
      id === undefined ? await uploadFolders(this.#area, key) : [await openUploadFolder(this.#area, key, id)];
    const newest = folders.filter((folder) => folder !== undefined).sort(byId);
    for (let folder = newest.pop(); folder !== undefined; folder = newest.pop()) {
      const reader = await FolderUploadReader.open(this.#area, folder, this.#headerSize(folder));
      if (reader !== undefined) return reader;
    }
    throw gone('openUpload', key, id);
  }

  async list(prefix: string): Promise<UploadListEntry[]> {
    const found: UploadFolder[] = [];
    for (const folder of await uploadFolders(this.#area)) {
      await folder.sweep();
      if (folder.descriptor.key.startsWith(prefix) && isOpen(await folder.mark())) found.push(folder);
    }
    return found
      .sort((a, b) => compareKeys(a.descriptor.key, b.descriptor.key) || byId(a, b))
      .map(({ id, descriptor: { key, startedAt } }) => ({ key, id, startedAt: new Date(startedAt) }));
  }

  async #begin(key: string, attributes: Attributes, partSize: number): Promise<UploadWriter> {
    const header = this.#layout.header(key, attributes);
    const folder = await createUploadFolder(this.#area, { key, partSize, attributes }, header);
    const mark: Mark = { writer: 1, committed: 0, data: 1, state: 'live' };
    const handle = await this.#area.fs.open(folder.dataPath(mark), 'r+');
    return new UploadWriter({ area: this.#area, layout: this.#layout, folder, handle, mark });
  }

  async #resume(key: string, id: string): Promise<UploadWriter> {
    // Who goes on with uploads leaves folders behind, and tidies up those of before.
    for (const one of await uploadFolders(this.#area)) await one.sweep();
    const folder = await openUploadFolder(this.#area, key, id);
    for (;;) {
      const mark = await folder?.mark();
      if (folder === undefined || mark === undefined) {
        // It was put in its place just before a crash.
        await folder?.remove();
        throw gone('upload', key, id);
      }
      if (!isOpen(mark)) throw gone('upload', key, id);
      const taken: Mark = { ...mark, writer: mark.writer + 1, state: 'live' };
      if (await folder.swap(mark, taken)) return this.#takeOver(folder, mark, taken);
    }
  }

  /**
   * Makes the file the new writer's own. One whose writer has left is taken as it is; another may still be written to by
   * somebody who does not know yet, and is copied: without its bytes where the file system can share them.
   */
  async #takeOver(folder: UploadFolder, before: Mark, taken: Mark): Promise<UploadWriter> {
    const { fs, durable } = this.#area;
    const own: Mark = { ...taken, data: taken.writer };
    const [from, to] = [folder.dataPath(taken), folder.dataPath(own)];
    const linked =
      before.state === 'idle' &&
      (await unless(
        fs.link(from, to).then(() => true),
        'EPERM',
        'ENOTSUP',
      ));
    if (linked !== true) await fs.copyFile(from, to, constants.COPYFILE_FICLONE);
    const handle = await fs.open(to, 'r+');
    try {
      // What stands behind the committed bytes is written over, or cut off at the end.
      if (durable) await handle.sync();
      if (!(await folder.swap(taken, own))) throw shutOut(folder);
      await unless(fs.unlink(from), 'ENOENT');
      return new UploadWriter({ area: this.#area, layout: this.#layout, folder, handle, mark: own });
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  #headerSize({ descriptor: { key, attributes } }: UploadFolder): number {
    return this.#layout.header(key, attributes).byteLength;
  }
}

interface UploadWriterOptions {
  readonly area: Area;
  readonly layout: Layout;
  readonly folder: UploadFolder;
  readonly handle: FileHandle;
  readonly mark: Mark;
}

class UploadWriter {
  readonly #area: Area;
  readonly #layout: Layout;
  readonly #folder: UploadFolder;
  readonly #handle: FileHandle;
  readonly #start: number;
  #mark: Mark;
  /** marks follow one another; bytes before them may be written at the same time */
  #marking: Promise<void> = Promise.resolve();
  /** its file is the object's now, and must not be touched */
  #isPlaced = false;

  constructor({ area, layout, folder, handle, mark }: UploadWriterOptions) {
    this.#area = area;
    this.#layout = layout;
    this.#folder = folder;
    this.#handle = handle;
    closeWithOwner(this, handle);
    this.#mark = mark;
    const { key, attributes } = folder.descriptor;
    this.#start = layout.header(key, attributes).byteLength;
  }

  get id(): string {
    return this.#folder.id;
  }

  get partSize(): number {
    return this.#folder.descriptor.partSize;
  }

  get committed(): number {
    return this.#mark.committed;
  }

  writePart({ start, bytes }: Part): Promise<void> {
    if (this.#isPlaced) return Promise.reject(shutOut(this.#folder));
    const written = writeAll(this.#handle, bytes, this.#start + start);
    const before = this.#marking;
    const marked = (async () => {
      await written;
      await before;
      await this.#commit(start + bytes.byteLength);
    })();
    this.#marking = marked;
    // A failure is the part's own to tell; the marks behind it fail with it.
    marked.catch(() => undefined);
    return marked;
  }

  async complete(size: number, { mode }: CompleteOptions): Promise<ObjectInfo> {
    const { key, attributes } = this.#folder.descriptor;
    if (typeof mode === 'object') {
      throw new StoreError('Unsupported', 'This store cannot decide ifMatch atomically', {
        operation: 'upload',
        key,
      });
    }
    if (this.#isPlaced) throw shutOut(this.#folder);
    await this.#handle.truncate(this.#start + size);
    const { etag, lastModified } = await sealFile(this.#handle, this.#area.durable);
    if (this.#layout.sidecars) await this.#area.sidecars.write(etag, attributes);
    const from = this.#folder.dataPath(this.#mark);
    const hadOthers = this.#mark.writer > 1;
    if (hadOthers) await this.#keepData();
    const { nlink } = await this.#handle.stat();
    try {
      // Once somebody else has taken over there is no file of this name any more.
      await placeObject({ area: this.#area, layout: this.#layout, key, operation: 'upload' }, from, mode);
    } catch (error) {
      const stats = await unless(this.#area.fs.lstat(from), 'ENOENT');
      // It may have got its place before the error; if it has not, the upload goes on.
      this.#isPlaced = stats === undefined || stats.nlink > nlink;
      if (!this.#isPlaced && this.#layout.sidecars) await this.#area.sidecars.tryRemove(etag);
      throw errnoOf(error) === 'ENOENT' && stats === undefined ? shutOut(this.#folder) : error;
    }
    this.#isPlaced = true;
    // The object is there: what cannot be tidied up does not change that. Without the file the upload counts as ended.
    await this.#handle.close().catch(() => undefined);
    await (hadOthers ? this.#folder.leave(this.#mark) : this.#folder.remove()).catch(() => undefined);
    return { key, size, etag, lastModified, attributes };
  }

  async abort(): Promise<void> {
    await this.#handle.close();
    // One that was shut out has nothing to abort.
    if (await this.#folder.swap(this.#mark, { ...this.#mark, writer: this.#mark.writer + 1 })) {
      await this.#folder.discard();
    }
  }

  async detach(): Promise<void> {
    await this.#handle.close();
    await this.#folder.swap(this.#mark, { ...this.#mark, state: 'idle' });
  }

  async #keepData(): Promise<void> {
    try {
      await this.#folder.keepData(this.#mark);
    } catch (error) {
      // Its file is gone: somebody else has taken over.
      throw errnoOf(error) === 'ENOENT' ? shutOut(this.#folder) : error;
    }
  }

  async #commit(committed: number): Promise<void> {
    if (this.#area.durable) await this.#handle.datasync();
    const next = { ...this.#mark, committed };
    if (!(await this.#folder.swap(this.#mark, next))) throw shutOut(this.#folder);
    this.#mark = next;
  }
}

function isOpen(mark: Mark | undefined): boolean {
  return mark !== undefined && mark.state !== 'done';
}

function byId(a: UploadFolder, b: UploadFolder): number {
  return a.id < b.id ? -1 : 1;
}

function shutOut({ id, descriptor: { key } }: UploadFolder): StoreError {
  return new StoreError('Conflict', `The upload ${id} of ${key} was resumed, or ended, by somebody else`, {
    operation: 'upload',
    key,
  });
}

function gone(operation: StoreOperation, key: string, id: string | undefined): StoreError {
  const what = id === undefined ? `There is no upload of ${key}` : `There is no upload ${id} of ${key}`;
  return new StoreError('NotFound', `${what}: it has ended, or never was`, { operation, key });
}
