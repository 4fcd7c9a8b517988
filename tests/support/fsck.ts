/** @module `cistern fsck` of a directory that no server has open. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const LAUNCHER = fileURLToPath(new URL('../../packages/cistern/bin/cistern.js', import.meta.url));

export interface Checked {
  /** 0: nothing is wrong */
  readonly code: number | null;
  readonly output: string;
}

export async function fsckOf(dataDir: string): Promise<Checked> {
  const child = spawn(process.execPath, [LAUNCHER, 'fsck', '--data', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece: Buffer) => (output += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}
