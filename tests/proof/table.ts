/** @module Every proof that has a long form, in the order of `docs/proof.md`. */

import type { ProofEntry } from './proof.ts';

export const PROOFS: readonly ProofEntry[] = [
  {
    name: 'kill',
    group: 'faults',
    shows:
      'a server that is killed at any moment under load has, when it starts again, every write that it acknowledged, whole, and no mixture',
    load: async () => (await import('../faults/kill-proof.ts')).proof,
  },
  {
    name: 'positions',
    group: 'faults',
    shows:
      'a kill, EIO, ENOSPC or a short write at any call of any write path loses nothing acknowledged, acknowledges nothing false and leaves nothing wrong',
    load: async () => (await import('../faults/positions/proof.ts')).proof,
  },
  {
    name: 'model',
    group: 'model',
    shows:
      'random steps on objects, versions, uploads, snapshots and forks are answered as the model of S3 answers them',
    load: async () => (await import('../model/proof.ts')).proof,
  },
];
