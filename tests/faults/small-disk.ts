/**
 * @module A server on a disk of its own that a test can fill: a file system in memory, mounted where nobody but the
 * server's process sees it, so that it is gone with the process.
 *
 * Where processes may not mount (containers often forbid it), `needsSmallDisk` is the reason.
 */

import { spawnSync } from 'node:child_process';
import { mkdtemp, open, readdir, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from '../support/server-process.ts';

export const MIB = 1024 * 1024;

/** The command line that follows runs in a mount namespace of its own, with a disk of $1 at $2. */
function onDisk(size: string, path: string): string[] {
  const script = 'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"';
  return ['unshare', '--mount', '--map-root-user', 'sh', '-c', script, size, path];
}

/** For `skip`. */
export const needsSmallDisk: string | false = (() => {
  const [command, ...args] = [...onDisk('1m', tmpdir()), 'true'];
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? false : `no disk can be mounted here: ${error?.message ?? stderr.trim()}`;
})();

export interface SmallDisk {
  readonly server: ServerProcess;
  /** Names in the server's `tmp/`. */
  temporaryFiles(): Promise<string[]>;
  /** Takes all that is free, as another program's file. */
  fill(): Promise<void>;
  /** Gives that space back. */
  clear(): Promise<void>;
}

export async function startOnSmallDisk(mib: number): Promise<SmallDisk> {
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-disk-'));
  after(() => rm(dataDir, { recursive: true, force: true }));
  const server = await startServerProcess(
    dataDir,
    ['--buckets', 'disk', '--threads', '1'],
    onDisk(`${mib}m`, dataDir),
  );
  // The directory as the process sees it.
  const seen = join(`/proc/${server.child.pid}/root`, dataDir);
  const filling = join(seen, 'filling');
  return {
    server,
    temporaryFiles: () => readdir(join(seen, 'tmp')),
    fill: () => writeUntilFull(filling),
    clear: () => rm(filling),
  };
}

/** Takes all that is free on the disk that the path is on, to the last block. */
export async function writeUntilFull(path: string): Promise<void> {
  const file = await open(path, 'w');
  try {
    // What is refused as a whole may have room in part; and blocks that were only promised are given back by a sync.
    for (const bytes of [MIB, 64 * 1024, 1024, 1024]) {
      await writeUntilRefused(file, Buffer.alloc(bytes));
      await file.sync();
    }
  } finally {
    await file.close();
  }
}

async function writeUntilRefused(file: FileHandle, bytes: Buffer): Promise<void> {
  try {
    for (;;) await file.write(bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}
