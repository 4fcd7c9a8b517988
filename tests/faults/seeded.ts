/**
 * @module Choices and contents that follow from a seed alone, so that a run can be replayed. Not for secrets.
 */

import { createCipheriv, createHash } from 'node:crypto';

/** Numbers from 0 to `below` - 1. Neighbouring seeds give unrelated choices: each is a hash of seed and count. */
export function seededChoice(seed: string): (below: number) => number {
  let count = 0;
  return (below) => createHash('sha256').update(`${seed} ${count++}`).digest().readUInt32LE() % below;
}

/** Bytes without any repetition: a body with parts exchanged, shifted or left out has another hash. */
export function seededBytes(seed: string, size: number): Buffer {
  const key = createHash('sha256').update(seed).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}
