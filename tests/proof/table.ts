/** @module Every proof that has a long form, in the order of `docs/proof.md`. */

import type { ProofEntry } from './proof.ts';

export const PROOFS: readonly ProofEntry[] = [
  {
    name: 'model',
    group: 'model',
    shows:
      'random steps on objects, versions, uploads, snapshots and forks are answered as the model of S3 answers them',
    load: async () => (await import('../model/proof.ts')).proof,
  },
  {
    name: 'linearizability',
    group: 'linearizability',
    shows:
      'what many clients at once were answered, with kills between, can have happened one after another, each at a moment between call and answer',
    load: async () => (await import('../linearizability/proof.ts')).proof,
  },
  {
    name: 'soak',
    group: 'soak',
    shows:
      'hours of mixed load leave memory, descriptors, threads and log as they were, and no answer is wrong',
    load: async () => (await import('../soak/proof.ts')).proof,
  },
];
