/**
 * @module What every row needs: the target, the options, somewhere to write, and where results go.
 */

import type { BodyPool } from './bodies.ts';
import type { Options } from './options.ts';
import type { Row, SkippedRow } from './rows/row.ts';
import type { Target } from './target.ts';

export interface Bench {
  target: Target;
  options: Options;
  /** a directory for request files, in memory where possible */
  scratch: string;
  /** what is uploaded in large pieces */
  bodies: BodyPool;
  /** the server that does nothing; undefined when the client is not to be measured alone */
  sink: URL | undefined;
  rows: Row[];
  skipped: SkippedRow[];
  /** one line on stderr */
  progress(text: string): void;
}

/** Bucket of all rows but listings. */
export const OBJECT_BUCKET = 'cistern-bench-objects';

/** Runs one row; a failure is noted and the run goes on. */
export async function runRow(bench: Bench, id: string, work: () => Promise<Row>): Promise<void> {
  bench.progress(id);
  try {
    bench.rows.push(await work());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    bench.skipped.push({ id, reason });
    bench.progress(`${id}: failed: ${reason}`);
  }
}
