/**
 * @module The life of an object beyond PUT and GET: copies, multipart uploads, appends, followers, versions.
 */

import type { Bench } from '../bench.ts';
import { appendRow } from './append.ts';
import { completeRows } from './complete.ts';
import { copyRows } from './copy.ts';
import { followRow } from './follow.ts';
import { multipartRow } from './multipart.ts';
import { versionRows } from './versions.ts';

/** Copies come first: what the disk grows by is read while there is little that others could still be deleting. */
export async function lifeRows(bench: Bench): Promise<void> {
  await copyRows(bench);
  await completeRows(bench);
  await multipartRow(bench);
  await appendRow(bench);
  await followRow(bench);
  await versionRows(bench);
}
