/**
 * Uploads whose bytes can be read before they are complete: what a store's `upload` and `openUpload` give.
 *
 * An upload is written front to back in parts of equal size. Its committed bytes are a contiguous prefix that survives its
 * writer: anyone who can read the store can read them, in any process, and whoever has the id can go on writing.
 * The object itself appears, whole, when the upload completes; until then `get` and `list` do not know of it.
 */

import type { Body } from './body.ts';
import type { ByteRange, CallOptions, ObjectInfo, PutMode } from './object-store.ts';

export interface CompleteOptions extends CallOptions {
  /** as in PutOptions; a failed condition leaves the upload as it is */
  readonly mode?: PutMode | undefined;
}

/** An upload being written: by one caller at a time. Disposing of it aborts it unless it is complete. */
export interface Upload extends AsyncDisposable {
  readonly key: string;
  /** names the upload among those of its key, for `openUpload` and `resume` */
  readonly id: string;
  /** bytes of every part but the last */
  readonly partSize: number;
  /** bytes, from the first on, that are stored and can be read; never shrinks */
  readonly committed: number;

  /**
   * Takes bytes that follow those before. Resolves when more can be taken, not when these are committed: memory is bounded
   * by the parts under way. The bytes are copied or sent before it resolves: the memory is the caller's again.
   * Once a part has failed every call rejects with its error; the committed bytes stay, and the upload can be resumed.
   */
  write(bytes: Uint8Array | string): Promise<void>;

  /** Writes the whole of `body`. */
  writeAll(body: Body, options?: CallOptions): Promise<void>;

  /** Commits all that was written, the last part though it be short. Resolves to `committed`. */
  flush(options?: CallOptions): Promise<number>;

  /** Commits the rest and makes the object appear, atomically. Can be called again after an error. */
  complete(options?: CompleteOptions): Promise<ObjectInfo>;

  /** Removes the upload and its bytes. Readers of it reject with `NotFound`. Idempotent. */
  abort(): Promise<void>;

  /** Stops writing and leaves the upload as it is, to be resumed. What is not committed is lost. Idempotent. */
  detach(): Promise<void>;
}

/** An upload being read, while it is written by somebody else or by nobody. */
export interface UploadReader extends AsyncDisposable {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  /** bytes that can be read, as of the last look: `refresh`, or a read that saw more */
  readonly committed: number;

  /** Looks again. Resolves to `committed`; `NotFound` when the upload was aborted; after completion the object's size. */
  refresh(options?: CallOptions): Promise<number>;

  /** Reads within the committed bytes; `InvalidRange` when the range begins at their end or later, or is not all committed yet. */
  read(range?: ByteRange, options?: CallOptions): AsyncIterable<Uint8Array>;

  /**
   * Reads from `start` on and waits for what is not committed yet, to the end of the completed object. Rejects with
   * `NotFound` when the upload is aborted, and with `Conflict` when bytes that were given are no longer the object's.
   */
  follow(options?: FollowOptions): AsyncIterable<Uint8Array>;

  close(): Promise<void>;
}

export interface FollowOptions extends CallOptions {
  /** first byte; 0 when left out */
  readonly start?: number | undefined;
  /** milliseconds between two looks, where the store has to be asked; the store's own choice when left out */
  readonly pollMs?: number | undefined;
}

export interface UploadListEntry {
  readonly key: string;
  readonly id: string;
  readonly startedAt: Date;
}
