/**
 * Uploads on our own server, which shows the parts of a multipart upload as they come: nothing is stored beside them but a
 * mark of who writes (the last part number), and the part size in the metadata. Source: docs/live-uploads.md.
 */

import { hash, randomBytes } from 'node:crypto';
import { toAttributes } from '../../../attributes.ts';
import { isStoreError, StoreError } from '../../../errors.ts';
import type { CallOptions, ListUploadsOptions, UploadOptions } from '../../../object-store.ts';
import type { Upload, UploadListEntry, UploadReader } from '../../../upload.ts';
import { PartedUpload } from '../../../uploads/parted-upload.ts';
import type { S3Context } from '../context.ts';
import { abortMultipart, completeMultipart, createMultipart, sendPart } from '../multipart.ts';
import type { MultipartUpload, SentPart } from '../multipart.ts';
import { PART_SIZE } from '../object-headers.ts';
import { METADATA_BYTES_MAX } from '../put.ts';
import { PARTS_MAX } from '../settings.ts';
import { listParts, listOpenUploads, lookAtUpload, newestUpload } from './native-requests.ts';
import { NativeReader } from './native-reader.ts';

/** The part that says who writes: none of the object's. Whoever goes on with an upload replaces it. */
const FENCE_NUMBER = PARTS_MAX;
const FENCE_BYTES = 16;

export class NativeUploads {
  readonly #context: S3Context;

  constructor(context: S3Context) {
    this.#context = context;
  }

  /** As `ObjectStore.upload`, of a key that was checked. */
  async upload(key: string, options: UploadOptions): Promise<Upload> {
    const { partSize = this.#context.partSize, concurrency = this.#context.concurrency } = options;
    for (const [name, value] of Object.entries({ partSize, concurrency })) {
      if (Number.isSafeInteger(value) && value >= 1) continue;
      throw new StoreError('InvalidArgument', `${name} is 1 or more, not ${value}`, {
        operation: 'upload',
        key,
      });
    }
    return options.resume === undefined
      ? this.#begin(key, partSize, concurrency, options)
      : this.#resume(key, options.resume, concurrency, options.signal);
  }

  /** As `ObjectStore.openUpload`, of a key that was checked. */
  async openUpload(key: string, id: string | undefined, { signal }: CallOptions): Promise<UploadReader> {
    const found = id ?? (await newestUpload(this.#context, key, signal));
    const look = found === undefined ? undefined : await lookAtUpload(this.#context, key, found, signal);
    if (found === undefined || look?.state !== 'open') {
      throw new StoreError('NotFound', `There is no upload of ${key} in progress`, {
        operation: 'openUpload',
        key,
      });
    }
    return new NativeReader(
      this.#context,
      { key, id: found, partSize: look.partSize ?? this.#context.partSize },
      look,
    );
  }

  /** As `ObjectStore.listUploads`. */
  listUploads(options: ListUploadsOptions): AsyncIterable<UploadListEntry> {
    return listOpenUploads(this.#context, options);
  }

  async #begin(key: string, partSize: number, concurrency: number, options: UploadOptions): Promise<Upload> {
    const { signal } = options;
    const attributes = toAttributes(options.attributes, 'upload', key, METADATA_BYTES_MAX);
    const marked = { ...attributes, metadata: { ...attributes.metadata, [PART_SIZE]: String(partSize) } };
    const made = await createMultipart(this.#context, 'upload', key, marked, { signal });
    const upload = { ...made, attributes };
    try {
      return await this.#write(upload, { partSize, concurrency, committed: 0, sent: [], signal });
    } catch (error) {
      await abortMultipart(this.#context, upload);
      throw error;
    }
  }

  async #resume(
    key: string,
    id: string,
    concurrency: number,
    signal: AbortSignal | undefined,
  ): Promise<Upload> {
    const look = await lookAtUpload(this.#context, key, id, signal, 'upload');
    if (look.state !== 'open') {
      throw new StoreError('NotFound', `The upload ${id} of ${key} is complete`, {
        operation: 'upload',
        key,
      });
    }
    const { attributes, partSize = this.#context.partSize } = look;
    // Who began it may have wanted other checksums than we do: parts that carry none are taken either way.
    const upload: MultipartUpload = {
      operation: 'upload',
      key,
      id,
      attributes,
      checksums: this.#context.checksums,
    };
    const fence = await this.#fence(upload, signal);
    // Read after the fence: what is committed later is nobody's but ours.
    const sent: SentPart[] = [];
    for await (const part of listParts(this.#context, upload, 0, signal)) {
      if (part.number !== sent.length + 1) break;
      sent.push(part);
    }
    const committed = sent.reduce((sum, { size }) => sum + size, 0);
    return this.#write(upload, { partSize, concurrency, committed, sent, signal }, fence);
  }

  async #write(upload: MultipartUpload, start: WriterStart, own?: string): Promise<Upload> {
    const context = this.#context;
    const fence = own ?? (await this.#fence(upload, start.signal));
    const { key, id } = upload;
    const { sent } = start;
    const check = async (): Promise<void> => {
      for await (const { etag } of listParts(context, upload, FENCE_NUMBER - 1, undefined)) {
        if (etag === fence) return;
      }
      throw new StoreError('Conflict', `The upload ${id} of ${key} was resumed by somebody else`, {
        operation: 'upload',
        key,
      });
    };
    return new PartedUpload({
      key,
      id,
      partSize: start.partSize,
      concurrency: start.concurrency,
      afterShort: 'next',
      committed: start.committed,
      nextIndex: sent.length,
      writePart: async ({ index, bytes }) => {
        if (index + 1 >= FENCE_NUMBER) throw tooManyParts(key);
        await check();
        sent[index] = await sendPart(context, upload, index + 1, bytes, undefined);
      },
      complete: async (_size, _parts, { mode, signal }) => {
        await context.conditions.require(mode, 'upload', key, { signal });
        await check();
        if (sent.length === 0) sent[0] = await sendPart(context, upload, 1, new Uint8Array(0), signal);
        return completeMultipart(context, upload, sent, { mode, signal, smallParts: true });
      },
      abort: async () => {
        try {
          await check();
        } catch (error) {
          // It has ended, or is somebody else's by now.
          if (isStoreError(error, 'NotFound') || isStoreError(error, 'Conflict')) return;
          throw error;
        }
        await abortMultipart(context, upload);
      },
    });
  }

  /** Shuts out whoever wrote before. @returns what the fence's etag is from now on */
  async #fence(upload: MultipartUpload, signal: AbortSignal | undefined): Promise<string> {
    const mark = randomBytes(FENCE_BYTES);
    await sendPart(this.#context, upload, FENCE_NUMBER, mark, signal);
    return hash('md5', mark, 'hex');
  }
}

interface WriterStart {
  readonly partSize: number;
  readonly concurrency: number;
  readonly committed: number;
  /** parts that are there, in order; those of this writer are added */
  readonly sent: SentPart[];
  readonly signal: AbortSignal | undefined;
}

function tooManyParts(key: string): StoreError {
  return new StoreError(
    'TooLarge',
    `The upload of ${key} has ${FENCE_NUMBER - 1} parts, and can have no more: choose a larger partSize, or flush less often`,
    { operation: 'upload', key },
  );
}
