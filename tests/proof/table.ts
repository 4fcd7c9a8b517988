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
    name: 'network',
    group: 'faults',
    shows:
      'idle, endless, stopped, unread, slow and cut connections: others are served meanwhile, answers are true, and nothing is left of them',
    load: async () => (await import('../network/proof.ts')).proof,
  },
  {
    name: 'fuzz',
    group: 'fuzz',
    shows:
      'every reader of bytes from outside, given spoilt ones: declared errors alone, no hang, bounded memory, the same as a slow reference and as what was written',
    load: async () => (await import('../fuzz/proof.ts')).proof,
  },
  {
    name: 'hostile',
    group: 'fuzz',
    shows:
      'spoilt requests of every operation, half of them signed: no 500, no crash, no stall of others, no memory kept, the store whole afterwards',
    load: async () => (await import('../hostile/proof.ts')).proof,
  },
];
