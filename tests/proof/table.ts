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
    name: 'cut',
    group: 'faults',
    shows:
      'what was acknowledged is there, whole, when the power is cut at that moment, on ext4 and on XFS; of what was not, the old or the new',
    load: async () => (await import('../faults/disk/proof.ts')).proof,
  },
  {
    name: 'resources',
    group: 'faults',
    shows:
      'without descriptors, memory, a disk that writes, a right clock or time to run, nothing that was acknowledged is lost, and it serves again afterwards',
    load: async () => (await import('../faults/resources/proof.ts')).proof,
  },
  {
    name: 'network',
    group: 'faults',
    shows:
      'idle, endless, stopped, unread, slow and cut connections: others are served meanwhile, answers are true, and nothing is left of them',
    load: async () => (await import('../network/proof.ts')).proof,
  },
  {
    name: 'rot',
    group: 'faults',
    shows: 'no reader is given what a disk has changed in blobs, catalog or log, and fsck finds it',
    load: async () => (await import('../faults/rot/proof.ts')).proof,
  },
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
  {
    name: 'soak',
    group: 'soak',
    shows:
      'hours of mixed load leave memory, descriptors, threads and log as they were, and no answer is wrong',
    load: async () => (await import('../soak/proof.ts')).proof,
  },
];
