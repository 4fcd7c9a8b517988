/**
 * The interface of a store: what a backend implements and a layer forwards. Every method is required, so that no layer can
 * lose one unnoticed. It is small on purpose: what people call every day stands over it in `Store`.
 *
 * Keys are opaque Unicode text, compared and listed in the order of their UTF-8 bytes. All methods reject with `StoreError`
 * and nothing else, but for what the caller's own body or source of keys throws: that passes through. Those that take a signal stop soon after it fires and reject with `Aborted`; what an aborted write left
 * is the old state or the new one, never a mixture. Methods may be called at the same time, in any number.
 */

import type { Body } from './body.ts';
import type { Capabilities } from './capabilities.ts';
import type { StoreError } from './errors.ts';
import type { Upload, UploadListEntry, UploadReader } from './upload.ts';

/** What an object carries beside its bytes. Names of metadata are lower case. */
export interface Attributes {
  readonly contentType?: string | undefined;
  readonly cacheControl?: string | undefined;
  readonly contentDisposition?: string | undefined;
  readonly contentEncoding?: string | undefined;
  readonly contentLanguage?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** One state of an object. */
export interface ObjectInfo {
  readonly key: string;
  /** bytes */
  readonly size: number;
  /** changes whenever the content does; opaque, without quotes; what `ifMatch` takes */
  readonly etag: string;
  readonly lastModified: Date;
  /** which version this is, where the store keeps several */
  readonly version?: string | undefined;
  readonly attributes: Attributes;
}

/** Half open: bytes `start` to `end - 1`; to the end without `end`. Or the last `suffix` bytes. */
export type ByteRange =
  | { readonly start: number; readonly end?: number | undefined }
  | { readonly suffix: number };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * `overwrite`: whatever is there. `create`: only if nothing is there (`AlreadyExists`). `ifMatch`: only if the object's etag
 * is this one (`PreconditionFailed`; also when there is no object). A store that cannot decide one atomically
 * rejects it with `Unsupported`.
 */
export type PutMode = 'overwrite' | 'create' | { readonly ifMatch: string };

export interface PutOptions extends CallOptions {
  /** `overwrite` when left out */
  readonly mode?: PutMode | undefined;
  readonly attributes?: Attributes | undefined;
  /** bytes, for a stream whose length is known: another length is refused and nothing is stored */
  readonly size?: number | undefined;
}

export interface GetOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /** rejects with `PreconditionFailed` if the object's etag is another one */
  readonly ifMatch?: string | undefined;
  /** rejects with `NotModified` if the object's etag is this one */
  readonly ifNoneMatch?: string | undefined;
  /** a version that the store keeps beside the current one */
  readonly version?: string | undefined;
  /** `true`: the info alone; the body is empty, and a range is not looked at */
  readonly head?: boolean | undefined;
}

/**
 * An object being read. The body can be iterated once. Its chunks are the reader's to keep; they may be parts of larger
 * memory. A body that is not read to its end must be closed; leaving the iteration early does so, too.
 */
export interface ObjectRead extends AsyncDisposable {
  readonly info: ObjectInfo;
  /** which bytes of the object the body gives: half open */
  readonly range: { readonly start: number; readonly end: number };
  readonly body: AsyncIterable<Uint8Array>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Bytes `start` to `start + into.byteLength` of an object are to be written to `into`. */
export interface ReadTarget {
  readonly start: number;
  /** the caller's memory, also shared memory; its content is undefined when the read rejects */
  readonly into: Uint8Array;
}

export interface ReadIntoOptions extends CallOptions {
  /** as in GetOptions */
  readonly ifMatch?: string | undefined;
  readonly version?: string | undefined;
  /**
   * `true`: the only target begins at 0 and is for the whole object, which may be smaller (the rest is left as it is). A
   * larger object rejects with `BufferTooSmall`. When left out every target must be filled (`InvalidRange` otherwise).
   */
  readonly whole?: boolean | undefined;
  /** ranges fetched at once, where that helps; the store's own choice when left out */
  readonly concurrency?: number | undefined;
  /** bytes of a gap between two targets up to which both are fetched together; the store's own choice when left out */
  readonly gap?: number | undefined;
}

export interface ListOptions extends CallOptions {
  readonly prefix?: string | undefined;
  /** only keys after this one, in the order of UTF-8 bytes */
  readonly startAfter?: string | undefined;
  /** keys with this text after the prefix are rolled up: each common beginning is given once */
  readonly delimiter?: string | undefined;
}

/** An object in a listing: etag and version where the store knows them without a look at each object. */
export interface ListedObject {
  readonly type: 'object';
  readonly key: string;
  readonly size: number;
  readonly etag?: string | undefined;
  readonly lastModified: Date;
  readonly version?: string | undefined;
}

/** A common beginning of keys, the delimiter included. */
export interface ListedPrefix {
  readonly type: 'prefix';
  readonly prefix: string;
}

export type ListEntry = ListedObject | ListedPrefix;

/** What became of one key of a `delete`. */
export interface DeleteResult {
  readonly key: string;
  /** why it could not be deleted */
  readonly error?: StoreError | undefined;
}

export interface CopyOptions extends CallOptions {
  /** as in PutOptions, of the object that is written */
  readonly mode?: PutMode | undefined;
  /** what is copied must have this etag (`PreconditionFailed`) */
  readonly ifMatch?: string | undefined;
  /** a version of what is copied */
  readonly version?: string | undefined;
  /** replaces those of what is copied */
  readonly attributes?: Attributes | undefined;
}

export interface UploadOptions extends CallOptions {
  readonly attributes?: Attributes | undefined;
  /** bytes a part, the unit that is committed; the store's own choice when left out, and never less than its minimum */
  readonly partSize?: number | undefined;
  /** parts written at once; memory is bounded by `concurrency + 1` parts */
  readonly concurrency?: number | undefined;
  /**
   * goes on with this upload where its committed bytes end, with its part size and attributes. Whoever wrote to it before
   * is shut out: their next write rejects with `Conflict`.
   */
  readonly resume?: string | undefined;
}

export interface ListUploadsOptions extends CallOptions {
  readonly prefix?: string | undefined;
}

export interface PresignOptions {
  /** `GET` when left out */
  readonly method?: 'GET' | 'HEAD' | 'PUT' | 'DELETE' | undefined;
  /** seconds for which the URL is good; 3,600 when left out */
  readonly expiresS?: number | undefined;
  /** with `PUT`: must be sent with the URL as it stands here */
  readonly contentType?: string | undefined;
}

export interface ObjectStore extends AsyncDisposable {
  readonly capabilities: Capabilities;

  /**
   * Stores the whole of `body` under `key`. Readers see the old object or the new one; on a durable store it is durable when
   * this resolves. A body that fails or is aborted leaves the old object.
   */
  put(key: string, body: Body, options?: PutOptions): Promise<ObjectInfo>;

  /**
   * Reads an object, or a part of it, or its info alone. The state is chosen when this resolves: what is written later does
   * not show in the body. The body rejects rather than end early: a store that finds the object changed or
   * gone in the middle rejects with `Conflict`.
   * A range that begins at or after the end is `InvalidRange` (any range of an empty object but a suffix is); one that ends after the end is cut.
   */
  get(key: string, options?: GetOptions): Promise<ObjectRead>;

  /** Fills the caller's memory, all of it from one state of the object. Resolves to the info of that state. */
  readInto(key: string, targets: readonly ReadTarget[], options?: ReadIntoOptions): Promise<ObjectInfo>;

  /**
   * Objects (and common prefixes) in the order of their UTF-8 bytes. Each key is given once; one that is there from before the
   * iteration to its end is given. What is written meanwhile may show or not.
   */
  list(options?: ListOptions): AsyncIterable<ListEntry>;

  /**
   * Deletes as keys come, and gives one result for each, in any order. A key without an object is deleted already. One that
   * fails does not stop the others; only a signal, a failing source of keys or a store out of reach reject.
   */
  delete(keys: Iterable<string> | AsyncIterable<string>, options?: CallOptions): AsyncIterable<DeleteResult>;

  /** As a `put` of what `from` holds, attributes included; inside the store, without the bytes, where it can. */
  copy(from: string, to: string, options?: CopyOptions): Promise<ObjectInfo>;

  /** Begins an object whose committed bytes can be read before it is complete, or goes on with one. See upload.ts. */
  upload(key: string, options?: UploadOptions): Promise<Upload>;

  /** Opens an upload in progress for reading: the newest of that key without an `id`. `NotFound` when there is none. */
  openUpload(key: string, id?: string, options?: CallOptions): Promise<UploadReader>;

  /** Uploads in progress, in the order of their keys' UTF-8 bytes, those of a key from the oldest to the newest. */
  listUploads(options?: ListUploadsOptions): AsyncIterable<UploadListEntry>;

  /** A URL with which anyone can do one thing to one key until it expires. Contacts nobody. */
  presign(key: string, options?: PresignOptions): Promise<string>;

  /** Lets go of connections, files and memory. Idempotent; what is called later rejects with `Closed`. */
  close(): Promise<void>;

  /** The store and what it stands on, as one would write it: `retry(5, prefix("a/", memory()))`. No secrets. */
  toString(): string;
}
