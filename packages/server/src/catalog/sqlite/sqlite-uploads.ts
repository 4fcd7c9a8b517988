/** The `UploadCatalog` of a gateway thread over SQLite: its reads share the catalog's snapshot, its writes go to the writer. */

import type { DatabaseSync } from 'node:sqlite';
import type { Published } from '../catalog.ts';
import type {
  CompletionRequest,
  OpenComplete,
  OpenPart,
  Part,
  PartCopyRequest,
  PartRequest,
  PublishedPart,
  Upload,
  UploadCatalog,
  UploadChange,
  UploadListRequest,
  UploadListResult,
  UploadName,
  UploadPrefix,
  UploadRequest,
} from '../uploads.ts';
import type { EpochReader } from '../epochs.ts';
import { LiveUploads } from './live-uploads.ts';
import type { SqliteReader } from './reader.ts';
import type { SharedSnapshot } from './shared-snapshot.ts';
import { UploadReader } from './upload-reader.ts';
import type { WriterClient } from './writer-client.ts';

export interface SqliteUploadsOptions {
  readonly db: DatabaseSync;
  readonly snapshot: SharedSnapshot;
  readonly writer: Pick<WriterClient, 'write' | 'watchUpload'>;
  readonly reader: SqliteReader;
  readonly epochs: EpochReader;
}

export class SqliteUploads implements UploadCatalog {
  readonly #reader: UploadReader;
  readonly #snapshot: SharedSnapshot;
  readonly #writer: Pick<WriterClient, 'write' | 'watchUpload'>;
  readonly #live: LiveUploads;

  constructor({ db, snapshot, writer, reader, epochs }: SqliteUploadsOptions) {
    this.#reader = new UploadReader(db);
    this.#snapshot = snapshot;
    this.#writer = writer;
    this.#live = new LiveUploads({ reader, uploads: this.#reader, snapshot, epochs });
  }

  createUpload(request: UploadRequest): Promise<{ id: number; initiatedMs: number }> {
    return this.#writer.write('createUpload', request);
  }

  async findUpload(name: UploadName): Promise<Upload | undefined> {
    return this.#snapshot.read(() => this.#reader.findUpload(name));
  }

  async listUploads(request: UploadListRequest): Promise<UploadListResult> {
    return this.#snapshot.read(() => this.#reader.listUploads(request));
  }

  async listKeyUploads({
    bucket,
    key,
    after,
    limit,
  }: Parameters<UploadCatalog['listKeyUploads']>[0]): Promise<{ uploads: Upload[]; truncated: boolean }> {
    const uploads = this.#snapshot.read(() => this.#reader.keyUploads(bucket, key, after, limit + 1));
    return { uploads: uploads.slice(0, limit), truncated: limit > 0 && uploads.length > limit };
  }

  publishPart(request: PartRequest): Promise<PublishedPart> {
    return this.#writer.write('publishPart', request);
  }

  copyPart(request: PartCopyRequest): Promise<PublishedPart> {
    return this.#writer.write('copyPart', request);
  }

  async listParts({
    manifest,
    after,
    limit,
  }: Parameters<UploadCatalog['listParts']>[0]): Promise<{ parts: Part[]; truncated: boolean }> {
    const parts = this.#snapshot.read(() => this.#reader.parts(manifest, after, limit + 1));
    return { parts: parts.slice(0, limit), truncated: limit > 0 && parts.length > limit };
  }

  async findPart(manifest: number, number: number): Promise<{ part: Part; start: number } | undefined> {
    return this.#snapshot.read(() => {
      const part = this.#reader.part(manifest, number);
      return part === undefined ? undefined : { part, start: this.#reader.sizeBefore(manifest, number) };
    });
  }

  async readPrefix(name: UploadName): Promise<UploadPrefix | undefined> {
    return this.#live.readPrefix(name);
  }

  async prefixSize(name: UploadName): Promise<number> {
    return this.#live.prefixSize(name);
  }

  async openPart(name: UploadName, number: number, offset: number): Promise<OpenPart | undefined> {
    return this.#live.openPart(name, number, offset);
  }

  async openComplete(name: UploadName): Promise<OpenComplete | undefined> {
    return this.#live.openComplete(name);
  }

  watchUpload(upload: number, listener: (change: UploadChange) => void): Promise<() => void> {
    return this.#writer.watchUpload(upload, listener);
  }

  completeUpload(request: CompletionRequest): Promise<Published> {
    return this.#writer.write('completeUpload', request);
  }

  async abortUpload(name: UploadName): Promise<void> {
    await this.#writer.write('abortUpload', name);
  }
}
