/**
 * @module Facts about the machine that figures mean nothing without.
 */

import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem, type as osType } from 'node:os';
import { resolve } from 'node:path';

export interface MachineFacts {
  cpu: string;
  cores: number;
  memoryBytes: number;
  node: string;
  kernel: string;
  /** processes that ran or waited to, averaged over the minute before the run: above 0 others disturb the figures */
  loadBefore: number;
  /** of the server's data directory, if that is known */
  fileSystem?: string;
}

/** `dataDirectory` is where the server keeps its data, if it is on this machine. */
export function machineFacts(dataDirectory: string | undefined): MachineFacts {
  const processors = cpus();
  const fileSystem = dataDirectory === undefined ? undefined : fileSystemOf(dataDirectory);
  return {
    cpu: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    node: process.version,
    kernel: `${osType()} ${release()}`,
    loadBefore: loadavg()[0] ?? 0,
    ...(fileSystem !== undefined && { fileSystem }),
  };
}

function fileSystemOf(directory: string): string | undefined {
  const path = `${resolve(directory)}/`;
  let best: { mount: string; type: string } | undefined;
  for (const line of readMounts()) {
    const [, mount, type] = line.split(' ');
    if (mount === undefined || type === undefined) continue;
    const inside = path.startsWith(mount.endsWith('/') ? mount : `${mount}/`);
    if (inside && mount.length >= (best?.mount.length ?? 0)) best = { mount, type };
  }
  return best?.type;
}

function readMounts(): string[] {
  try {
    return readFileSync('/proc/mounts', 'utf8').split('\n');
  } catch {
    return [];
  }
}
