/**
 * Where blobs' bytes are kept: written once as a stream, read by range, deleted. It knows nothing of hashes, objects
 * or references: the catalog decides where a blob stands and when it goes.
 */

/**
 * A blob being written. Bytes go to a temporary place first; `place` makes them appear whole at a location. After a
 * rejection of any method only `discard` may be called.
 */
export interface BlobWriter {
  /** Where the bytes are from the beginning on, in a store that cannot move them; undefined: where `place` says. */
  readonly location?: string;
  /**
   * Writes all of `bytes` at `position`, where the write before it ends; several may be under way. The bytes must not
   * change until it resolves. They begin at a multiple of ALIGNMENT in their memory, and all but the last write have a
   * length of such a multiple; what follows the last in its memory, up to the next multiple, may be overwritten.
   */
  write(bytes: Uint8Array, position: number): Promise<void>;
  /** Makes what was written durable. */
  sync(): Promise<void>;
  /**
   * Makes the blob appear at `location`, durably and atomically, in place of what may be there. Ends the writer. After
   * `sync`.
   */
  place(location: string): Promise<void>;
  /** Drops what was written. Idempotent; does nothing after `place`. */
  discard(): Promise<void>;
}

export interface BlobReader {
  /** It can be read to its end, though the blob be deleted meanwhile; otherwise the caller sees to it that it is not. */
  readonly outlivesBlob: boolean;
  /** What position and length of a read are multiples of: ALIGNMENT, or more where bytes are checked. A slab is one, too. */
  readonly alignment: number;
  /**
   * Fills `into` from `position`; resolves to the number of bytes read, less than asked for only at the end. Length and
   * position are multiples of `alignment`, the memory of ALIGNMENT.
   */
  read(into: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export interface BlobStore {
  /** @param size bytes that will come */
  create(size: number): Promise<BlobWriter>;
  /**
   * Rejects when there is no blob at `location`; a store that is far away may do so with the first read.
   *
   * @param length bytes that will be read
   */
  open(location: string, length: number): Promise<BlobReader>;
  /** Durable when it resolves. Idempotent. */
  delete(location: string): Promise<void>;
}
