/** Starts a client's process and takes what it measured. */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Measured, Orders } from './client-process.ts';

const ENTRY = fileURLToPath(new URL('client-process.ts', import.meta.url));
const TIME_MS_MAX = 600_000;

/** Rejects with what the process said when it failed. */
export async function runClient(orders: Orders & { row: undefined }): Promise<void>;
export async function runClient(orders: Orders): Promise<Measured>;
export async function runClient(orders: Orders): Promise<Measured | void> {
  const { stdout } = await promisify(execFile)(process.execPath, [ENTRY, JSON.stringify(orders)], {
    timeout: TIME_MS_MAX,
    maxBuffer: 1024 * 1024,
  });
  return orders.row === undefined ? undefined : (JSON.parse(stdout) as Measured);
}
