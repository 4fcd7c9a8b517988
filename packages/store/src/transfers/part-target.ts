/**
 * The seam of stores that take an object in parts and make it of them at the end: transfers send the parts in parallel, and
 * another run goes on with those that are there. Nothing shows in the store until then.
 *
 * Not the uploads of `ObjectStore`, whose bytes can be read as they come: any S3 service has this, those have not.
 */

import type {
  Attributes,
  CallOptions,
  ListUploadsOptions,
  ObjectInfo,
  ObjectStore,
  PutMode,
} from '../object-store.ts';
import { toStore } from '../store.ts';
import type { UploadListEntry } from '../upload.ts';

/** The property of a store that takes parts. */
export const PARTS: unique symbol = Symbol.for('cistern.parts') as never;

export interface TakesParts {
  readonly [PARTS]: PartTarget | undefined;
}

/** A part that the store has. Its bytes can be compared with others by whichever sum there is. */
export interface StoredPart {
  /** from 1 on */
  readonly number: number;
  /** bytes */
  readonly size: number;
  /** what the store calls this state of the part */
  readonly tag: string;
  /** in Base64, as S3 has it */
  readonly crc32?: string | undefined;
  /** in hexadecimal */
  readonly md5?: string | undefined;
  /** the store has computed the CRC-32 itself */
  readonly isVerified?: boolean | undefined;
}

/** Which object of parts: all that another process needs to go on with it. */
export interface PartedObject {
  readonly key: string;
  /** the store's, opaque */
  readonly id: string;
}

export interface BeginPartsOptions extends CallOptions {
  readonly attributes?: Attributes | undefined;
  /** of its completion: refused at once where the store could not heed it */
  readonly mode?: PutMode | undefined;
}

export interface SendPartOptions extends CallOptions {
  /** told how many bytes of the part were sent, now and then; counted anew when it is sent again */
  readonly onSent?: ((position: number) => void) | undefined;
}

/** Rejects with StoreError and nothing else. Each call but `complete` can be made again when it has failed. */
export interface PartTarget {
  /** parts of one object under way at once */
  readonly concurrency: number;
  /**
   * Bytes of each part but the last, which may have fewer.
   *
   * @param size of the object
   * @param wanted more where the store needs more; the store's own choice when left out
   */
  partSize(size: number, wanted?: number): number;
  begin(key: string, options: BeginPartsOptions): Promise<PartedObject>;
  /** Parts that are there, in the order of their numbers. @throws {StoreError} `NotFound` where it is known to have ended */
  list(object: PartedObject, options: CallOptions): Promise<readonly StoredPart[]>;
  /** A part of that number which is there is replaced. @param bytes the store's until this settles */
  send(
    object: PartedObject,
    number: number,
    bytes: Uint8Array,
    options: SendPartOptions,
  ): Promise<StoredPart>;
  /**
   * Makes the object of `parts`, which are all of them, in order.
   *
   * @param options attributes as with `begin`: stores keep them there or here
   * @throws {StoreError} `AlreadyExists`, `PreconditionFailed`; `Unavailable` and permanent where the outcome is not known
   */
  complete(
    object: PartedObject,
    parts: readonly StoredPart[],
    options: BeginPartsOptions,
  ): Promise<ObjectInfo>;
  /** Best effort: parts that are left are the store's to drop. */
  abort(object: PartedObject): Promise<void>;
  /**
   * Objects whose parts were begun and neither made nor aborted, whoever began them: in the order of their keys, those of a key
   * from the oldest to the newest. None where the store does not tell (Azure). Tried once.
   */
  unfinished(options: ListUploadsOptions): AsyncIterable<UploadListEntry>;
}

export function partTargetOf(store: ObjectStore): PartTarget | undefined {
  const inner: ObjectStore & Partial<TakesParts> = toStore(store).inner;
  return inner[PARTS];
}

/** A call on its way through a layer. */
export interface PartCall extends CallOptions {
  readonly operation: 'begin' | 'list' | 'send' | 'complete';
  readonly key: string;
  /** that move with it */
  readonly bytes: number;
}

/** For layers that change no bytes: their way of calling, around each call of the store behind. */
export function aroundParts(
  store: ObjectStore,
  around: <T>(call: PartCall, act: (signal: AbortSignal | undefined) => Promise<T>) => Promise<T>,
): PartTarget | undefined {
  const inner = partTargetOf(store);
  if (inner === undefined) return undefined;
  return {
    concurrency: inner.concurrency,
    partSize: (size, wanted) => inner.partSize(size, wanted),
    begin: (key, options) =>
      around({ operation: 'begin', key, bytes: 0, signal: options.signal }, (signal) =>
        inner.begin(key, { ...options, signal }),
      ),
    list: (object, options) =>
      around({ operation: 'list', key: object.key, bytes: 0, signal: options.signal }, (signal) =>
        inner.list(object, { signal }),
      ),
    send: (object, number, bytes, options) =>
      around(
        { operation: 'send', key: object.key, bytes: bytes.byteLength, signal: options.signal },
        (signal) => inner.send(object, number, bytes, { ...options, signal }),
      ),
    complete: (object, parts, options) =>
      around({ operation: 'complete', key: object.key, bytes: 0, signal: options.signal }, (signal) =>
        inner.complete(object, parts, { ...options, signal }),
      ),
    abort: (object) => inner.abort(object),
    unfinished: (options) => inner.unfinished(options),
  };
}
