/**
 * Where blobs' bytes are kept: written once as a stream, read by range, deleted. It knows nothing of hashes, objects
 * or references: the catalog decides where a blob stands and when it goes.
 */

/**
 * A blob being written. Bytes go to a temporary place first; `place` makes them appear whole at a location. After a
 * rejection of any method only `discard` may be called.
 */
export interface BlobWriter {
  /** Writes all of `bytes` at `position`; several may be under way. The bytes must not change until it resolves. */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /** Makes the blob appear at `location`, durably and atomically, in place of what may be there. Ends the writer. */
  place(location: string): Promise<void>;
  /** Drops what was written. Idempotent; does nothing after `place`. */
  discard(): Promise<void>;
}

export interface BlobReader {
  /** Fills `into` from `position`; resolves to the number of bytes read, less than asked for only at the end. */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface BlobStore {
  create(): Promise<BlobWriter>;
  /** Rejects when there is no blob at `location`. */
  open(location: string): Promise<BlobReader>;
  /** Idempotent. */
  delete(location: string): Promise<void>;
}
