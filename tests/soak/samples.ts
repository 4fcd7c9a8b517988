/** @module What a server process takes at a moment, as Linux and the file system tell it. */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** For `needs` and `skip`. */
export const needsProcFiles: string | false =
  process.platform === 'linux' ? false : 'only Linux tells in /proc what a process takes';

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  /** Resident, MB of 1,000,000 bytes; `anon` is what is backed by no file. */
  readonly rss: number;
  readonly anon: number;
  readonly descriptors: number;
  readonly threads: number;
  /** Processor time since the start of the process, seconds. */
  readonly cpu: number;
  /** Sizes of files, MB: of the log, of the database, and of the blobs and what is on its way to them. */
  readonly log: number;
  readonly database: number;
  readonly blobs: number;
}

const MB = 1e6;
const TICKS_PER_SECOND = 100;

export async function takeSample(pid: number, dataDir: string, seconds: number): Promise<Sample> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / MB;
  const [user, system] =
    readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ').slice(11, 13) ?? [];
  return {
    seconds,
    rss: kilobytes('VmRSS'),
    anon: kilobytes('RssAnon'),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: Number(/^Threads:\s+(\d+)/m.exec(status)?.[1]),
    cpu: (Number(user) + Number(system)) / TICKS_PER_SECOND,
    log: statSync(join(dataDir, 'catalog.db-wal')).size / MB,
    database: statSync(join(dataDir, 'catalog.db')).size / MB,
    blobs: await sizeOfFolder(dataDir),
  };
}

/** All files but the catalog's. */
async function sizeOfFolder(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile() || entry.name.startsWith('catalog.')) continue;
    // It may be gone by now.
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes / MB;
}
