/**
 * What a backend gives so that `PartUploads` can make uploads of it: its own calls as far as they are needed, for keys that
 * its callers cannot use. Parts and states are objects under the reserved prefix; this page names them.
 */

import type { Attributes, CallOptions, ObjectInfo, ObjectStore, PutMode } from '../object-store.ts';
import { RESERVED_PREFIX } from '../keys.ts';

/**
 * A backend's calls as of `ObjectStore`, for ordinary and for reserved keys alike. What they need of it: a `put` with mode
 * `create` is decided atomically, against other processes, too (`capabilities.create`); a listing shows what was put
 * before it began.
 */
export interface PartObjects extends Pick<
  ObjectStore,
  'capabilities' | 'put' | 'get' | 'list' | 'delete' | 'toString'
> {
  /**
   * Makes the object `key` of parts, in their order, without moving the bytes through this process: `serverSideComplete`.
   * Atomic as a put; leaves the parts as they are, and fails when one is gone. May be called again with the same
   * parts, also when an earlier call is still under way somewhere. Left out: the bytes are read and put.
   */
  compose?(key: string, parts: readonly PartSpan[], options: ComposeOptions): Promise<ObjectInfo>;
}

/** The first `size` bytes of the object `key`, which may have more. All spans but the last have the upload's part size. */
export interface PartSpan {
  readonly key: string;
  /** bytes */
  readonly size: number;
}

export interface ComposeOptions extends CallOptions {
  /** bytes of all parts together */
  readonly size: number;
  readonly mode: PutMode;
  readonly attributes: Attributes;
}

/** One part as its name tells it. What is stored under a name never changes: late or repeated writes do no harm. */
export interface PartName {
  /** counted from 0 */
  readonly index: number;
  /** which writer wrote it */
  readonly epoch: number;
  /** bytes */
  readonly size: number;
}

const ROOT = `${RESERVED_PREFIX}uploads/`;
/** Apart from the parts, so that uploads can be listed without these. */
export const STATES_PREFIX = `${ROOT}states/`;
export const PARTS_PREFIX = `${ROOT}parts/`;

const NUMBER_DIGITS = 6;
const INDEX_DIGITS = 8;
const SIZE_DIGITS = 10;
const ID = /^[0-9a-f]{12}-[0-9a-f]{16}$/;
const FOLDER = /^[0-9a-f]{32}-([0-9a-f]{12}-[0-9a-f]{16})$/;
const PART = /^(\d{8})-(\d{6})-(\d{10})$/;

/** Parts that can be named. */
export const PARTS_MAX = 10 ** INDEX_DIGITS;
/** Bytes of a part that can be held in one piece of memory everywhere, and put in one request to any service. */
export const PART_BYTES_MAX = 2 ** 32;

const encoder = new TextEncoder();

/** The beginning of the folders of all uploads of `key`, which may be longer than a reserved key could hold. */
export async function folderPrefix(key: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(key)));
  return `${toHex(hash.subarray(0, 16))}-`;
}

let lastIdMs = 0;

/** An id that no other upload has; those that one process makes are in the order of their making. */
export function newUploadId(nowMs: number): string {
  lastIdMs = Math.max(nowMs, lastIdMs + 1);
  return `${lastIdMs.toString(16).padStart(12, '0')}-${randomHex(8)}`;
}

export function isUploadId(id: string): boolean {
  return ID.test(id);
}

export function randomHex(bytes: number): string {
  return toHex(crypto.getRandomValues(new Uint8Array(bytes)));
}

/** Before the numbers of an upload's states. */
export function statesPrefix(folder: string): string {
  return `${STATES_PREFIX}${folder}/`;
}

export function stateKey(folder: string, number: number): string {
  return `${statesPrefix(folder)}${pad(number, NUMBER_DIGITS)}`;
}

export function partKey(folder: string, { index, epoch, size }: PartName): string {
  return `${partsFrom(folder, index)}-${pad(epoch, NUMBER_DIGITS)}-${pad(size, SIZE_DIGITS)}`;
}

/** Before the names of an upload's parts. */
export function partsPrefix(folder: string): string {
  return `${PARTS_PREFIX}${folder}/`;
}

/** Sorts before the parts of this index, and after those before. */
export function partsFrom(folder: string, index: number): string {
  return `${partsPrefix(folder)}${pad(index, INDEX_DIGITS)}`;
}

/** @returns `undefined` for a key that is no part's */
export function parsePartKey(key: string): PartName | undefined {
  const found = PART.exec(key.slice(key.lastIndexOf('/') + 1));
  if (found === null) return undefined;
  return { index: Number(found[1]), epoch: Number(found[2]), size: Number(found[3]) };
}

/** @returns `undefined` for a key that is no state's */
export function parseStateKey(key: string): { folder: string; id: string; number: number } | undefined {
  const [folder = '', name = '', ...more] = key.slice(STATES_PREFIX.length).split('/');
  const id = FOLDER.exec(folder)?.[1];
  if (id === undefined || !/^\d{6}$/.test(name) || more.length > 0) return undefined;
  return { folder, id, number: Number(name) };
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
