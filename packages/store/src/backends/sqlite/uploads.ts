/** Uploads as rows: what is committed is a column that grows in the transaction that stores the part. Any process can go on. */

import { StoreError } from '../../errors.ts';
import type { Attributes, ObjectInfo, PutMode, UploadOptions } from '../../object-store.ts';
import type { Upload, UploadListEntry } from '../../upload.ts';
import { PartedUpload } from '../../uploads/parted-upload.ts';
import type { Part } from '../../uploads/part-writer.ts';
import { hasAttributes } from '../../attributes.ts';
import { afterPrefix, compareKeys } from '../../keys.ts';
import { chunksOf, readChunk } from './content-reader.ts';
import type { ReadContext } from './content-reader.ts';
import type { Contents } from './contents.ts';
import { CHUNK_BITS } from './database.ts';
import { readAttributes } from './statements.ts';
import type { UploadRow } from './statements.ts';
import { noUpload, UploadRowReader } from './upload-reader.ts';
import type { UploadWatchers } from './upload-watchers.ts';

/** Each part is a sync. */
const PART_BYTES = 4 * 1024 * 1024;
/** What one transaction takes of a part. */
const SLICE_CHUNKS = 4;
const PAGE = 1000;

export interface UploadContext extends ReadContext {
  readonly contents: Contents;
  readonly watchers: UploadWatchers;
}

export class SqliteUploads {
  readonly #context: UploadContext;

  constructor(context: UploadContext) {
    this.#context = context;
  }

  async upload(key: string, attributes: Attributes, options: UploadOptions): Promise<Upload> {
    const { partSize = PART_BYTES, resume } = options;
    if (!Number.isSafeInteger(partSize) || partSize < 1) {
      throw new StoreError('InvalidArgument', `A part has 1 byte or more, not ${partSize}`, {
        operation: 'upload',
        key,
      });
    }
    const row = await this.#transact(key, 0, () =>
      resume === undefined ? this.#begin(key, attributes, partSize) : this.#take(key, resume),
    );
    return this.#writer(row);
  }

  open(key: string, id: string | undefined): UploadRowReader {
    const row =
      id === undefined ? this.#context.sql.newestUpload(key) : this.#context.sql.upload(toContent(id));
    if (row?.key !== key) throw noUpload('openUpload', key, id);
    return new UploadRowReader(this.#context, row);
  }

  *list(prefix: string): Generator<UploadListEntry> {
    const end = afterPrefix(prefix);
    let after: { key: string; content: number } | undefined = { key: prefix, content: 0 };
    while (after !== undefined) {
      const rows: UploadRow[] = this.#context.sql.uploadPage(after.key, after.content, PAGE);
      for (const { key, content, started_ms } of rows) {
        if (end !== undefined && compareKeys(key, end) >= 0) return;
        yield { key, id: `${content}`, startedAt: new Date(started_ms) };
      }
      after = rows.length < PAGE ? undefined : rows.at(-1);
    }
  }

  #begin(key: string, attributes: Attributes, partSize: number): UploadRow {
    const { sql, contents } = this.#context;
    const content = contents.createForUpload(partSize);
    sql.putUpload(content, key, hasAttributes(attributes) ? JSON.stringify(attributes) : null, Date.now());
    return this.#row(key, content);
  }

  #take(key: string, id: string): UploadRow {
    const content = toContent(id);
    if (this.#context.sql.upload(content)?.key !== key) throw noUpload('upload', key, id);
    this.#context.sql.takeUpload(content);
    return this.#row(key, content);
  }

  #row(key: string, content: number): UploadRow {
    const row = this.#context.sql.upload(content);
    if (row === undefined) throw noUpload('upload', key, `${content}`);
    return row;
  }

  #writer(row: UploadRow): Upload {
    const { key, content, part_bytes: partSize, committed } = row;
    const { sql, contents, watchers } = this.#context;
    const tailBytes = committed % partSize;
    return new PartedUpload({
      key,
      id: `${content}`,
      partSize,
      // The file takes one transaction at a time; several parts would wait in memory.
      concurrency: 1,
      afterShort: 'replace',
      committed,
      nextIndex: Math.floor(committed / partSize),
      tail: tailBytes === 0 ? undefined : this.#read(row, committed - tailBytes, committed),
      writePart: async (part) => {
        await this.#writePart(row, part);
        watchers.wake(content);
      },
      complete: async (size, _parts, { mode }) => {
        const info = await this.#transact(key, 0, () => this.#complete(row, size, mode));
        watchers.wake(content);
        return info;
      },
      abort: async () => {
        await this.#transact(key, 0, () => {
          if (sql.upload(content)?.writer !== row.writer) return;
          sql.deleteUpload(content);
          contents.abandon(content);
        });
        watchers.wake(content);
      },
    });
  }

  /** In slices; the part counts with the last of them. */
  async #writePart(row: UploadRow, { index, start, bytes }: Part): Promise<void> {
    const { key, content, part_bytes: partBytes, chunk_bytes: chunkBytes } = row;
    const chunks = chunksOf(partBytes, chunkBytes);
    if ((index + 1) * chunks > 2 ** CHUNK_BITS) {
      throw new StoreError(
        'TooLarge',
        `An upload has ${2 ** CHUNK_BITS / chunks} parts at most: use larger ones`,
        {
          operation: 'upload',
          key,
        },
      );
    }
    for (let chunk = 0; chunk * chunkBytes < bytes.byteLength; chunk += SLICE_CHUNKS) {
      const slice = bytes.subarray(chunk * chunkBytes, (chunk + SLICE_CHUNKS) * chunkBytes);
      const isLast = (chunk + SLICE_CHUNKS) * chunkBytes >= bytes.byteLength;
      await this.#transact(
        key,
        slice.byteLength,
        () => {
          this.#check(row);
          for (let at = 0, id = index * chunks + chunk; at < slice.byteLength; at += chunkBytes, id++) {
            this.#context.sql.putChunk(content, id, slice.subarray(at, at + chunkBytes));
          }
          if (isLast) this.#context.sql.commitUpload(start + bytes.byteLength, content);
        },
        isLast,
      );
    }
  }

  #complete(row: UploadRow, size: number, mode: PutMode | undefined): ObjectInfo {
    const { key, content } = row;
    const { sql, contents } = this.#context;
    this.#check(row);
    const old = contents.checkMode(key, mode, 'upload');
    sql.deleteUpload(content);
    return contents.publish({ key, content, size, attributes: readAttributes(row.attributes), old });
  }

  #check({ key, content, writer }: UploadRow): void {
    const found = this.#context.sql.upload(content);
    if (found === undefined) throw noUpload('upload', key, `${content}`);
    if (found.writer === writer) return;
    throw new StoreError('Conflict', `The upload ${content} of ${key} was resumed by somebody else`, {
      operation: 'upload',
      key,
    });
  }

  #read(row: UploadRow, start: number, end: number): Uint8Array {
    const whole = new Uint8Array(end - start);
    for (let position = start; position < end;) {
      const bytes = readChunk(this.#context, row, position, end, { operation: 'upload', key: row.key });
      whole.set(bytes, position - start);
      position += bytes.byteLength;
    }
    return whole;
  }

  #transact<T>(key: string, bytes: number, act: () => T, sync = true): Promise<T> {
    return Promise.try(() => {
      this.#context.checkOpen('upload');
      return this.#context.queue.add({ operation: 'upload', key, bytes, sync }, act);
    });
  }
}

/** @returns 0, which no content has, for what is no id of ours */
function toContent(id: string): number {
  return /^[1-9]\d{0,14}$/.test(id) ? Number(id) : 0;
}
