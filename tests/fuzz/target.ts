/** @module What is fuzzed: one reader of bytes from outside, with inputs to begin with and what must hold for any. */

import { inspect, isDeepStrictEqual } from 'node:util';

import { S3Error } from '@cistern/protocol';
import { isStoreError } from '@cistern/store';

import type { Random } from './random.ts';

export interface FuzzTarget {
  readonly name: string;
  /** Inputs that are valid, or nearly: not empty. They follow from nothing but the code. */
  readonly seeds: () => readonly Buffer[] | Promise<readonly Buffer[]>;
  /** Words of the format. */
  readonly tokens: readonly string[];
  /** The longest input; what is read from a request's head is bounded by 32 KiB. */
  readonly bytesMax: number;
  /** What an input may make it allocate in buffers; 1 MiB when left out. Bytes. */
  readonly allocatedMax?: number;
  /** An input that takes more CPU time, each of the times that it is tried, takes far more than any should; 100 when left out. */
  readonly slowMs?: number;
  /** Throws when something does not hold: an error that is not declared, another value than the reference's, … */
  readonly run: (input: Buffer, random: Random) => void | Promise<void>;
}

/** What must hold does not. */
export class Violated extends Error {}

export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Violated(what);
}

export function mustEqual(actual: unknown, expected: unknown, what: string): void {
  if (Object.is(actual, expected) || isDeepStrictEqual(actual, expected)) return;
  throw new Violated(`${what}: ${show(actual)}, not ${show(expected)}`);
}

function show(value: unknown): string {
  return inspect(value, { depth: 8, maxArrayLength: null, maxStringLength: null, sorted: true });
}

export type Outcome<T> =
  | { readonly value: T; readonly error?: undefined }
  | { readonly value?: undefined; readonly error: S3Error };

/** Runs what may throw S3 errors, and nothing else. */
export function s3Outcome<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!S3Error.isS3Error(error)) throw error;
    must(error.code !== 'InternalError', 'a bad input is no internal error');
    return { error };
  }
}

/** Awaits what may reject with store errors, and nothing else. @returns undefined when it did */
export async function storeOutcome<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    must(error.code !== 'Unexpected', `a bad input is no ${error.code}: ${error.message}`);
    return undefined;
  }
}
