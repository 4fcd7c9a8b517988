/** What tells one state of a file from any other, as far as a file system can say. */

import type { BigIntStats } from 'node:fs';

export interface FileState {
  /** bytes of the file */
  readonly size: number;
  /** of the file's number, its size and its time: changes with each state that is written by `Staging` */
  readonly etag: string;
  readonly lastModified: Date;
}

export function stateOf({ ino, size, mtimeNs, mtimeMs }: BigIntStats): FileState {
  return {
    size: Number(size),
    etag: [ino, size, mtimeNs].map((part) => part.toString(36)).join('-'),
    lastModified: new Date(Number(mtimeMs)),
  };
}

/** Two files written by one process never have the same time, not even one that gets the number of a removed one. */
let last = 0;

/** @returns microseconds since 1970, later than all before */
export function uniqueTimeUs(): number {
  // Processes that write at the same time differ in what the clock does not tell. Two, since the system may cut one off.
  last = Math.max(last + 2, Date.now() * 1000 + Math.floor(Math.random() * 1000));
  return last;
}
