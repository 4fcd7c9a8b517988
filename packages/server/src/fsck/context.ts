/** What every check works with. */

import type { DatabaseSync } from 'node:sqlite';
import type { Findings } from './findings.ts';
import type { ReferenceCount } from './reference-count.ts';
import type { Slices } from './slices.ts';

export interface FsckContext {
  /** Reads only; `temp` tables are its own. */
  readonly db: DatabaseSync;
  readonly slices: Slices;
  readonly findings: Findings;
  /** The newest number when the check began. What was made since changes while it is looked at, and is not judged. */
  readonly sequence: number;
  /** Blobs and changes with a greater number have a sum: the counter when the format got sums. */
  readonly summedAfter: number;
  readonly manifestRefs: ReferenceCount;
  readonly blobRefs: ReferenceCount;
}
