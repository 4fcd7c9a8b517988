/** What these backends ask of the system: Node's own calls, in one place so that tests can let each of them fail. */

import * as promises from 'node:fs/promises';

export type FileSystem = Pick<
  typeof promises,
  | 'copyFile'
  | 'link'
  | 'lstat'
  | 'mkdir'
  | 'open'
  | 'readFile'
  | 'readdir'
  | 'realpath'
  | 'rename'
  | 'rm'
  | 'rmdir'
  | 'unlink'
>;

export const NODE_FILES: FileSystem = promises;

/** The system's code of an error: `ENOENT`, … */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('syscall' in error)) return undefined;
  return (error as NodeJS.ErrnoException).code;
}

/** Waits for `call`; what it fails with is `undefined` if its code is one of these. */
export async function unless<T>(call: Promise<T>, ...codes: readonly string[]): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (codes.includes(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
}
