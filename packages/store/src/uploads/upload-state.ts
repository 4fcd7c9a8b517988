/**
 * What is known of an upload made of part objects, beside its parts: a chain of numbered states, each whole, each created
 * once and never changed. To change anything is to create the next number; of two who try, one fails and looks again. So
 * nobody can write, complete or abort by a state that is no longer the newest, however long they slept.
 *
 * Which parts count follows from the newest state alone. A writer counts a part as committed when, *after* the part was
 * stored, there was no newer state. Whoever takes over first announces it by a state (`claim`), lists the parts *then*,
 * and settles by another where it goes on: all that was committed is below that point, and what
 * the earlier writer stores later never counts.
 */

import { StoreError } from '../errors.ts';
import type { Attributes } from '../object-store.ts';

export interface UploadState {
  readonly format: 1;
  readonly key: string;
  /** bytes of every part but the last */
  readonly partSize: number;
  readonly attributes: Attributes;
  /** milliseconds since 1970 */
  readonly startedAt: number;
  /** who may make the next state: a random name of theirs */
  readonly owner: string;
  /** those who wrote parts, in order: each from byte `from` on, up to where the next one began */
  readonly writers: readonly Writer[];
  /** the owner will write as this epoch, and has not settled where it goes on: at `from` or later */
  readonly claim?: Writer | undefined;
  /**
   * `sealed`: being completed with `size` bytes, which is decided for good: whoever completes it again makes the same
   * object. `complete`: the object was there with `etag`.
   */
  readonly phase: 'open' | 'sealed' | 'complete' | 'aborted';
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
}

export interface Writer {
  /** the number of the state with which it came */
  readonly epoch: number;
  readonly from: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeState(state: UploadState): Uint8Array {
  return encoder.encode(JSON.stringify(state));
}

/** @throws {StoreError} `Corrupt`, and `Unsupported` for one that a later version of this library wrote */
export function decodeState(bytes: Uint8Array, key: string): UploadState {
  let state: Partial<UploadState> | null;
  try {
    state = JSON.parse(decoder.decode(bytes)) as Partial<UploadState> | null;
  } catch (cause) {
    throw new StoreError('Corrupt', `The state of an upload, ${key}, is not JSON`, { cause });
  }
  if (typeof state?.format === 'number' && state.format !== 1) {
    const format = String(state.format);
    const message = `The upload's state ${key} has format ${format}, and this version knows 1`;
    throw new StoreError('Unsupported', message);
  }
  if (!isState(state)) throw new StoreError('Corrupt', `The state of an upload, ${key}, is damaged`);
  return state;
}

/** A state is written whole or not at all: what is otherwise was damaged where it is kept. */
function isState(state: Partial<UploadState> | null): state is UploadState {
  if (state === null || typeof state !== 'object' || state.format !== 1) return false;
  const { key, partSize, attributes, startedAt, owner, writers, claim, phase, size, etag } = state;
  return (
    typeof key === 'string' &&
    isCount(partSize) &&
    partSize > 0 &&
    typeof attributes === 'object' &&
    attributes !== null &&
    Number.isFinite(startedAt) &&
    typeof owner === 'string' &&
    Array.isArray(writers) &&
    writers.every(isWriter) &&
    (claim === undefined || isWriter(claim)) &&
    PHASES.includes(phase) &&
    (size === undefined || isCount(size)) &&
    (etag === undefined || typeof etag === 'string')
  );
}

const PHASES: readonly unknown[] = ['open', 'sealed', 'complete', 'aborted'] satisfies UploadState['phase'][];

function isWriter(writer: unknown): writer is Writer {
  if (typeof writer !== 'object' || writer === null) return false;
  const { epoch, from } = writer as Partial<Writer>;
  return isCount(epoch) && isCount(from);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Whether readers and writers of it are to be told that there is no such upload. */
export function isEnded({ phase }: UploadState): boolean {
  return phase === 'complete' || phase === 'aborted';
}

/** @returns the byte below which parts of this epoch count: 0 for one that never was */
export function limitOf({ writers, claim, size }: UploadState, epoch: number): number {
  const at = writers.findIndex((writer) => writer.epoch === epoch);
  if (at === -1) return 0;
  return writers[at + 1]?.from ?? claim?.from ?? size ?? Infinity;
}
