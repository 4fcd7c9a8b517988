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

/** The upload that moves bytes comes first: the others' lists of parts would be in its peak of memory. */
export async function lifeRows(bench: Bench): Promise<void> {
  await multipartRow(bench);
  await copyRows(bench);
  await completeRows(bench);
  await appendRow(bench);
  await followRow(bench);
  await versionRows(bench);
}
