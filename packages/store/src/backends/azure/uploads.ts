/** Uploads in progress on Azure: begun, resumed, listed. Their bytes are in append blobs; see append-blob.ts. */

import { isStoreError, StoreError } from '../../errors.ts';
import { compareKeys } from '../../keys.ts';
import type {
  Attributes,
  CallOptions,
  ListUploadsOptions,
  ObjectInfo,
  UploadOptions,
} from '../../object-store.ts';
import type { CompleteOptions, Upload, UploadListEntry, UploadReader } from '../../upload.ts';
import { PolledReader } from '../../uploads/polled-reader.ts';
import { PartedUpload } from '../../uploads/parted-upload.ts';
import {
  append,
  createUpload,
  gone,
  lookAt,
  mark,
  newWriter,
  remove,
  uploadBlob,
  UPLOADS_PREFIX,
  uploadsOf,
} from './append-blob.ts';
import type { UploadState } from './append-blob.ts';
import { ownHeader } from './attributes.ts';
import { composeBlob } from './copy.ts';
import { isAnswer } from './errors.ts';
import { listPages } from './listing.ts';
import type { Listing } from './listing.ts';
import { AzureUploadSource } from './upload-source.ts';
import { elements, textOf } from './xml.ts';

const MIB = 1024 * 1024;
/** 50,000 appends are the most: parts of this size make 400 GB. */
const PART_BYTES = 8 * MIB;
const PART_BYTES_MAX = 100 * MIB;
/** A part is filled while another is sent; appends go one after the other. */
const CONCURRENCY = 2;
/** Times that an append without an answer is looked after and made again. */
const ATTEMPTS = 4;

export async function beginUpload(
  { client, container }: Listing,
  key: string,
  attributes: Attributes,
  options: UploadOptions,
): Promise<Upload> {
  const { partSize = PART_BYTES, resume, concurrency = CONCURRENCY, signal } = options;
  if (!Number.isSafeInteger(partSize) || partSize < 1 || partSize > PART_BYTES_MAX) {
    throw new StoreError('InvalidArgument', `A part has 1 to ${PART_BYTES_MAX} bytes, not ${partSize}`, {
      operation: 'upload',
      key,
    });
  }
  const blobOf = (id: string): UploadState['blob'] => uploadBlob(client, container, key, id, 'upload');
  const state =
    resume === undefined
      ? await createUpload(blobOf, key, attributes, partSize, signal)
      : await takeOver(blobOf(checkId(resume, 'upload', key)), key, resume, signal);
  const writer = new AppendWriter(state);
  return new PartedUpload({
    key,
    id: state.id,
    partSize: state.partSize,
    concurrency,
    afterShort: 'next',
    committed: state.committed,
    writePart: ({ start, bytes }) => writer.append(start, bytes),
    complete: (size, _parts, completing) => writer.complete(size, completing),
    abort: () => writer.abort(),
  });
}

/** Shuts out whoever wrote before: from here on they meet the blob in a state that is not theirs. */
async function takeOver(
  blob: UploadState['blob'],
  key: string,
  id: string,
  signal: AbortSignal | undefined,
): Promise<UploadState> {
  for (let attempt = 1; ; attempt++) {
    const state = await lookAt(blob, key, id, signal);
    try {
      return await mark(
        state,
        { ...ownHeader('writer', newWriter()), ...ownHeader('state', 'open') },
        signal,
      );
    } catch (error) {
      // The other writer was faster once more.
      if (!isStoreError(error, 'PreconditionFailed') || attempt >= 20) throw error;
    }
  }
}

/** The one writer of an upload: knows in which state it left the blob. */
class AppendWriter {
  readonly #start: UploadState;
  #etag: string;
  #turn: Promise<void> = Promise.resolve();

  constructor(state: UploadState) {
    this.#start = state;
    this.#etag = state.etag;
  }

  /** Appends go one after the other: where one ends is where the next begins. */
  append(start: number, bytes: Uint8Array): Promise<void> {
    this.#turn = this.#turn.then(() => this.#append(start, bytes));
    // The caller has the same promise.
    this.#turn.catch(() => undefined);
    return this.#turn;
  }

  async complete(size: number, { mode, signal }: CompleteOptions): Promise<ObjectInfo> {
    const { key, id, blob, attributes } = this.#start;
    const state = await this.#stateOfMine();
    if (state.committed !== size) throw this.#shutOut();
    // From here on readers look for the object when nothing more comes.
    const marked = await this.#begin(state, signal);
    this.#etag = marked.etag;
    const target = { ...blob, key };
    const info = await composeBlob({ ...blob, key: blob.key }, { etag: marked.etag, size }, target, {
      mode,
      attributes,
      signal,
      upload: id,
    });
    try {
      await remove(this.#start, this.#etag);
    } catch (error) {
      // The object is there; somebody else has taken over what is left of the upload.
      if (!isAnswer(error)) throw error;
    }
    return info;
  }

  async abort(): Promise<void> {
    try {
      await remove(this.#start, (await this.#stateOfMine()).etag);
    } catch (error) {
      if (isStoreError(error, 'NotFound') || isStoreError(error, 'Conflict')) return;
      if (!isStoreError(error, 'PreconditionFailed')) throw error;
    }
  }

  async #begin(state: UploadState, signal: AbortSignal | undefined): Promise<UploadState> {
    try {
      return await mark(state, ownHeader('state', 'completing'), signal);
    } catch (error) {
      if (!isStoreError(error, 'PreconditionFailed')) throw error;
      const now = await this.#stateOfMine();
      if (!now.completing || now.committed !== state.committed) throw this.#shutOut(error);
      return now;
    }
  }

  async #append(start: number, bytes: Uint8Array): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#etag = await this.#guarded(() => append(this.#start, this.#etag, start, bytes));
        return;
      } catch (error) {
        // Without an answer, or met by its own result, it may have been done: the blob tells.
        const unsure = isStoreError(error) && (error.retry === 'temporary' || error.code === 'Conflict');
        if (!unsure || attempt >= ATTEMPTS) throw error;
        const state = await this.#stateOfMine();
        this.#etag = state.etag;
        if (state.committed === start + bytes.byteLength) return;
        if (state.committed !== start) throw this.#shutOut(error);
      }
    }
  }

  /** @throws {StoreError} `Conflict` when somebody else writes now */
  async #stateOfMine(): Promise<UploadState> {
    const { blob, key, id, writer } = this.#start;
    const state = await lookAt(blob, key, id);
    if (state.writer !== writer) throw this.#shutOut();
    return state;
  }

  async #guarded<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (isStoreError(error, 'PreconditionFailed')) throw this.#shutOut(error);
      if (isStoreError(error, 'NotFound')) throw gone('upload', this.#start.key, this.#start.id, error);
      throw error;
    }
  }

  #shutOut(cause?: unknown): StoreError {
    const { key, id } = this.#start;
    return new StoreError('Conflict', `The upload ${id} of ${key} was resumed by somebody else`, {
      operation: 'upload',
      key,
      cause,
    });
  }
}

export async function openUpload(
  from: Listing,
  key: string,
  id: string | undefined,
  { signal }: CallOptions,
): Promise<UploadReader> {
  const { client, container } = from;
  const chosen = id ?? (await newestOf(from, key, signal));
  const blob = uploadBlob(client, container, key, checkId(chosen, 'openUpload', key), 'openUpload');
  const state = await lookAt(blob, key, chosen, signal);
  return new PolledReader(new AzureUploadSource(state), { committed: state.committed });
}

async function newestOf(from: Listing, key: string, signal: AbortSignal | undefined): Promise<string> {
  let newest: string | undefined;
  const prefix = uploadsOf(key);
  for await (const { id } of eachUpload(from, prefix, signal)) newest = id;
  if (newest === undefined) throw gone('openUpload', key, '');
  return newest;
}

/** By key: names have hashes of keys alone, so that all uploads of the container are looked at. */
export async function* listUploads(
  from: Listing,
  { prefix = '', signal }: ListUploadsOptions,
): AsyncGenerator<UploadListEntry> {
  const found: UploadListEntry[] = [];
  for await (const entry of eachUpload(from, UPLOADS_PREFIX, signal)) {
    const { key, id, startedAt } = entry;
    if (key.startsWith(prefix)) found.push({ key, id, startedAt });
  }
  yield* found.sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.id, b.id));
}

export interface FoundUpload extends UploadListEntry {
  /** the last append, or the last change of writers */
  readonly changedAt: Date;
  readonly etag: string;
  /** its writer had begun to complete it */
  readonly completing: boolean;
}

/** Those under a prefix of blobs' names, from the oldest of a key on. */
export async function* eachUpload(
  from: Listing,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundUpload> {
  for await (const xml of listPages(from, { prefix, include: 'metadata' }, signal, 'listUploads')) {
    for (const { content } of elements(xml, ['Blob'])) {
      const id = textOf(content, 'Name')?.split('/').at(-1);
      const key = textOf(content, 'cistern_key');
      if (id === undefined || key === undefined) continue;
      const dateOf = (name: string): Date => new Date(textOf(content, name) ?? Number.NaN);
      yield {
        key: Buffer.from(key, 'base64url').toString(),
        id,
        startedAt: dateOf('Creation-Time'),
        changedAt: dateOf('Last-Modified'),
        etag: (textOf(content, 'Etag') ?? '').replaceAll('"', ''),
        completing: textOf(content, 'cistern_state') === 'completing',
      };
    }
  }
}

/** An id becomes a part of a name. */
function checkId(id: string, operation: 'upload' | 'openUpload', key: string): string {
  if (!/^[0-9a-z-]{1,64}$/.test(id)) throw gone(operation, key, id);
  return id;
}
