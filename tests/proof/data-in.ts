/**
 * @module Where servers of a proof keep their directory when it is not about power: in memory, for what a killed process
 * has written stays with the system, and nothing is waited for. `--set data=DIR` chooses another place.
 */

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';

import type { Slice } from './proof.ts';

export function dataIn({ settings }: Pick<Slice, 'settings'>): string {
  return settings.get('data') ?? (existsSync('/dev/shm') ? '/dev/shm' : tmpdir());
}
