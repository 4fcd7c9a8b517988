/**
 * Reads an upload of a store in a folder. It holds the file open that grows: when the upload completes that is the object's, and can
 * be read to its end.
 */

import type { FileHandle } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { resolveCommitted } from '../../byte-range.ts';
import { StoreError, throwIfAborted } from '../../errors.ts';
import type { ByteRange, CallOptions } from '../../object-store.ts';
import type { FollowOptions, UploadReader } from '../../upload.ts';
import type { Area } from './area.ts';
import { unless } from './file-system.ts';
import { closeWithOwner } from './lost-handles.ts';
import { mapped } from './system-errors.ts';
import type { Mark, UploadFolder } from './upload-folder.ts';

const CHUNK_BYTES = 512 * 1024;
const POLL_MS = 200;

export class FolderUploadReader implements UploadReader {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #area: Area;
  readonly #folder: UploadFolder;
  /** bytes in the file before those of the object */
  readonly #start: number;
  /** the last is the present one; reads of earlier ones may be under way */
  readonly #handles: FileHandle[];
  #data: number;
  #committed: number;
  #isComplete = false;

  /** @returns `undefined` when the upload has ended */
  static async open(
    area: Area,
    folder: UploadFolder,
    start: number,
  ): Promise<FolderUploadReader | undefined> {
    const found = await openData(area, folder);
    if (found?.mark.state === 'done') {
      await found.handle.close();
      return undefined;
    }
    return found && new FolderUploadReader(area, folder, start, found);
  }

  private constructor(area: Area, folder: UploadFolder, start: number, { mark, handle }: OpenData) {
    this.#area = area;
    this.#folder = folder;
    this.#start = start;
    this.#handles = [handle];
    closeWithOwner(this, handle);
    this.#data = mark.data;
    this.#committed = mark.committed;
    this.key = folder.descriptor.key;
    this.id = folder.id;
    this.partSize = folder.descriptor.partSize;
  }

  get committed(): number {
    return this.#committed;
  }

  async refresh({ signal }: CallOptions = {}): Promise<number> {
    throwIfAborted(signal, 'openUpload', this.key);
    await mapped('openUpload', this.key, () => this.#look());
    return this.#committed;
  }

  async *read(range?: ByteRange, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const committed = await this.refresh(options);
    const { start, end } = resolveCommitted(range, committed, this.key);
    yield* this.#chunks(start, end, options.signal);
  }

  async *follow({ start = 0, pollMs = POLL_MS, signal }: FollowOptions = {}): AsyncGenerator<Uint8Array> {
    for (let position = start; ;) {
      const committed = await this.refresh({ signal });
      if (position < committed) {
        yield* this.#chunks(position, committed, signal);
        position = committed;
      } else if (this.#isComplete) {
        return;
      } else {
        // It rejects when the signal fires, which the next look finds.
        await wait(pollMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
      }
    }
  }

  async close(): Promise<void> {
    for (const handle of this.#handles) await handle.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #look(): Promise<void> {
    if (this.#isComplete) return;
    const mark = await this.#folder.mark();
    if (mark === undefined) {
      await this.#end();
      return;
    }
    let now = mark;
    if (mark.data !== this.#data) {
      const found = await openData(this.#area, this.#folder);
      if (found === undefined) throw this.#gone();
      this.#handles.push(found.handle);
      closeWithOwner(this, found.handle);
      now = found.mark;
      this.#data = now.data;
    }
    this.#committed = Math.max(this.#committed, now.committed);
    this.#isComplete = now.state === 'done';
  }

  /** The file has a name still if it became the object, and none if it was removed. */
  async #end(): Promise<void> {
    const { nlink, size } = await this.#handle.stat();
    if (nlink === 0) throw this.#gone();
    this.#committed = size - this.#start;
    this.#isComplete = true;
  }

  async *#chunks(start: number, end: number, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for (let position = start; position < end;) {
      throwIfAborted(signal, 'openUpload', this.key);
      const chunk = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - position)).buffer);
      const { bytesRead } = await mapped('openUpload', this.key, () =>
        this.#handle.read(chunk, 0, chunk.byteLength, this.#start + position),
      );
      if (bytesRead === 0) {
        throw new StoreError('Conflict', `The upload ${this.id} of ${this.key} has lost bytes`, {
          operation: 'openUpload',
          key: this.key,
        });
      }
      position += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  }

  get #handle(): FileHandle {
    return this.#handles.at(-1) as FileHandle;
  }

  #gone(): StoreError {
    return new StoreError(
      'NotFound',
      `The upload ${this.id} of ${this.key} has ended, and its bytes are gone`,
      {
        operation: 'openUpload',
        key: this.key,
      },
    );
  }
}

interface OpenData {
  readonly mark: Mark;
  readonly handle: FileHandle;
}

async function openData({ fs }: Area, folder: UploadFolder): Promise<OpenData | undefined> {
  for (;;) {
    const mark = await folder.mark();
    if (mark === undefined) return undefined;
    const handle = await unless(fs.open(folder.dataPath(mark), 'r'), 'ENOENT');
    // Otherwise another writer took over between the two.
    if (handle !== undefined) return { mark, handle };
  }
}
