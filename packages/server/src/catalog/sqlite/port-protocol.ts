/** The messages between a gateway thread and the writer thread. Mutations and answers travel in batches. */

import type { CatalogErrorCode } from '../errors.ts';
import type { Mutation, MutationResult } from './mutation.ts';
import type { UploadChange } from '../uploads.ts';

export interface NumberedMutation {
  readonly id: number;
  readonly mutation: Mutation;
}

export type Answer =
  | { readonly id: number; readonly result: MutationResult }
  | { readonly id: number; readonly code: CatalogErrorCode | null; readonly message: string };

/** To the writer. */
export type WriterRequest =
  | readonly NumberedMutation[]
  /** A sync has failed elsewhere: take no more writes. */
  | { readonly stop: string }
  | { readonly watch: number }
  | { readonly unwatch: number };
/** From the writer. */
export type WriterReply =
  | readonly Answer[]
  /** What is committed from now on is told. */
  | { readonly watched: number }
  | { readonly changes: readonly UploadChange[] };

/** Bytes from this length on move to the writer thread; fewer are copied sooner than they are handed over. */
const MOVED_FROM = 4 * 1024;

/** The memory of a mutation that moves to the writer with it, for who asked has no more use for it. */
export function movedMemory({ name, input }: Mutation): ArrayBuffer | undefined {
  if (name !== 'publishVersion' && name !== 'publishPart' && name !== 'appendVersion') return undefined;
  if (input.content.kind !== 'inline') return undefined;
  const { data } = input.content;
  const whole = data.byteLength === data.buffer.byteLength && data.buffer instanceof ArrayBuffer;
  return whole && data.byteLength >= MOVED_FROM ? data.buffer : undefined;
}
