/** The messages between a gateway thread and the writer thread. Mutations and answers travel in batches. */

import type { CatalogErrorCode } from '../errors.ts';
import type { Mutation, MutationResult } from './mutation.ts';

export interface NumberedMutation {
  readonly id: number;
  readonly mutation: Mutation;
}

export type Answer =
  | { readonly id: number; readonly result: MutationResult }
  | { readonly id: number; readonly code: CatalogErrorCode | null; readonly message: string };

/** To the writer. */
export type WriterRequest = readonly NumberedMutation[];
/** From the writer. */
export type WriterReply = readonly Answer[];
