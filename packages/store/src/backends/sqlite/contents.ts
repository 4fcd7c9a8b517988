/**
 * Contents inside a transaction: made, given to objects, taken from them. What is not referred to any more stays for a
 * grace, for readers that have begun; what is a single chunk has been read whole by whoever looked, and goes at once.
 */

import type { StoreOperation } from '../../errors.ts';
import { checkPutMode } from '../../conditions.ts';
import { hasAttributes } from '../../attributes.ts';
import type { Attributes, ObjectInfo, PutMode } from '../../object-store.ts';
import { CHUNK_BYTES } from './database.ts';
import type { ObjectRow, Statements } from './statements.ts';

export interface Publication {
  readonly key: string;
  readonly content: number;
  readonly size: number;
  readonly attributes: Attributes;
  /** the object that is there, as `checkMode` found it */
  readonly old: ObjectRow | undefined;
}

/** How long what no object has stays: milliseconds. */
export interface Graces {
  /** after it was replaced or deleted */
  readonly readMs: number;
  /** after the last bytes came, of a put whose end was not heard of */
  readonly writeMs: number;
}

export class Contents {
  readonly #sql: Statements;
  readonly #graces: Graces;
  readonly #onExpiry: (atMs: number) => void;
  readonly #states: () => string;

  /**
   * @param onExpiry told when something can be removed
   * @param states gives an etag that no object ever had
   */
  constructor(sql: Statements, graces: Graces, onExpiry: (atMs: number) => void, states: () => string) {
    this.#sql = sql;
    this.#graces = graces;
    this.#onExpiry = onExpiry;
    this.#states = states;
  }

  /** To be called before anything is changed. @throws {StoreError} `AlreadyExists`, `PreconditionFailed` */
  checkMode(key: string, mode: PutMode | undefined, operation: StoreOperation): ObjectRow | undefined {
    const old = this.#sql.object(key);
    checkPutMode(mode, old?.etag, operation, key);
    return old;
  }

  /** A content of a put; nobody's until it is published, be it in this transaction or in a later one. */
  create(publishedNow: boolean): number {
    const expiresMs = publishedNow ? null : Date.now() + this.#graces.writeMs;
    return this.#insert(CHUNK_BYTES, CHUNK_BYTES, false, expiresMs);
  }

  /** A content of an upload, which keeps it. */
  createForUpload(partBytes: number): number {
    return this.#insert(partBytes, Math.min(partBytes, CHUNK_BYTES), true, null);
  }

  /** @returns `false` when it took so long that the content was removed */
  stillWriting(content: number): boolean {
    return this.#sql.keepUntil(Date.now() + this.#graces.writeMs, content) > 0;
  }

  /** Appends chunks to a put's content. @param first the number of the first of them */
  append(content: number, first: number, bytes: Uint8Array): void {
    for (let start = 0, index = first; start < bytes.byteLength; start += CHUNK_BYTES, index++) {
      this.#sql.putChunk(content, index, bytes.subarray(start, start + CHUNK_BYTES));
    }
  }

  /** Gives a content that is nobody's, or an upload's, to an object. */
  publish(publication: Publication): ObjectInfo {
    this.#sql.publishContent(publication.size, 1, publication.content);
    return this.#replace(publication);
  }

  /** Gives an object the content of another. */
  share(publication: Publication): ObjectInfo {
    this.#sql.share(publication.content);
    return this.#replace(publication);
  }

  /** Takes an object away. */
  remove(key: string): void {
    const old = this.#sql.object(key);
    if (old === undefined) return;
    this.#sql.deleteObject(key);
    this.#release(old);
  }

  /** Lets go of the content of a put or an upload that will not be published. */
  abandon(content: number): void {
    if (this.#sql.expireAt(0, content) > 0) this.#onExpiry(0);
  }

  #insert(partBytes: number, chunkBytes: number, uploaded: boolean, expiresMs: number | null): number {
    const refs = uploaded ? 1 : 0;
    const row = this.#sql.newContent(partBytes, chunkBytes, refs, uploaded ? 1 : 0, expiresMs);
    return row?.id ?? 0;
  }

  #replace({ key, content, size, attributes, old }: Publication): ObjectInfo {
    const etag = this.#states();
    const modifiedMs = Date.now();
    const text = hasAttributes(attributes) ? JSON.stringify(attributes) : null;
    this.#sql.putObject(key, content, size, etag, modifiedMs, text);
    if (old !== undefined) this.#release(old);
    return { key, size, etag, lastModified: new Date(modifiedMs), attributes };
  }

  #release({ content, size }: ObjectRow): void {
    if ((this.#sql.unshare(content)?.refs ?? 0) > 0) return;
    const geometry = this.#sql.geometry(content);
    if (geometry === undefined) return;
    if (size <= geometry.chunk_bytes && geometry.uploaded === 0) {
      this.#sql.deleteChunks(content, 1);
      this.#sql.deleteContent(content);
      return;
    }
    const expiresMs = Date.now() + this.#graces.readMs;
    this.#sql.expireAt(expiresMs, content);
    this.#onExpiry(expiresMs);
  }
}
