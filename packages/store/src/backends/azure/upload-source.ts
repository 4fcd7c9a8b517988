/**
 * Where the bytes of an upload are: in its append blob, and in the object when it is complete. The object's metadata name the
 * upload that it came from.
 */

import { isStoreError } from '../../errors.ts';
import type { UploadLook, UploadSource } from '../../uploads/polled-reader.ts';
import { lookAt } from './append-blob.ts';
import type { UploadState } from './append-blob.ts';
import { ownValue } from './attributes.ts';
import { getBlob, headBlob } from './read.ts';
import type { Blob } from './read.ts';

export class AzureUploadSource implements UploadSource {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #upload: Blob;
  readonly #object: Blob;

  constructor({ key, id, partSize, blob }: Pick<UploadState, 'key' | 'id' | 'partSize' | 'blob'>) {
    this.key = key;
    this.id = id;
    this.partSize = partSize;
    this.#upload = blob;
    this.#object = { ...blob, key };
  }

  async look(signal: AbortSignal | undefined): Promise<UploadLook> {
    try {
      const { committed, completing } = await lookAt(this.#upload, this.key, this.id, signal);
      // A writer that ended between object and clean-up leaves both.
      return (completing ? await this.#completed(signal) : undefined) ?? { committed };
    } catch (error) {
      if (!isStoreError(error, 'NotFound')) throw error;
      const completed = await this.#completed(signal);
      if (completed === undefined) throw error;
      return completed;
    }
  }

  readCommitted(start: number, end: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    return bytesOf(this.#upload, { range: { start, end }, signal });
  }

  readObject(
    etag: string,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): AsyncIterable<Uint8Array> {
    return bytesOf(this.#object, { range: { start, end }, signal, ifMatch: etag });
  }

  /** The object, if it is there and came from this upload. */
  async #completed(signal: AbortSignal | undefined): Promise<UploadLook | undefined> {
    try {
      const { info, headers } = await headBlob(this.#object, { signal });
      return ownValue(headers, 'upload') === this.id ? { committed: info.size, etag: info.etag } : undefined;
    } catch (error) {
      if (isStoreError(error, 'NotFound')) return undefined;
      throw error;
    }
  }
}

async function* bytesOf(blob: Blob, options: Parameters<typeof getBlob>[1]): AsyncGenerator<Uint8Array> {
  const { body } = await getBlob(blob, options);
  yield* body;
}
