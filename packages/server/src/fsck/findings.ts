/** What a check has found and counted so far, in memory that does not grow with the number of problems. */

import type {
  Awaiting,
  Counts,
  FsckEvent,
  FsckMode,
  FsckPhase,
  FsckReport,
  Problem,
  ProblemKind,
} from './report.ts';

/** Problems that are told and listed. All of them are counted. */
const LISTED_MAX = 1000;
/** Between two lines of progress. */
const PROGRESS_MS = 500;

export class Findings {
  readonly checked: Counts = {
    buckets: 0,
    snapshots: 0,
    versions: 0,
    uploads: 0,
    parts: 0,
    manifests: 0,
    extents: 0,
    blobs: 0,
    files: 0,
    bytesHashed: 0,
  };
  readonly awaiting: Awaiting = { versions: 0, uploads: 0, manifests: 0, blobs: 0, temporaryFiles: 0 };
  readonly skipped: string[] = [];
  phase: FsckPhase = 'integrity';
  readonly #tell: (event: FsckEvent) => void;
  readonly #problems: Problem[] = [];
  #count = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(tell: (event: FsckEvent) => void) {
    this.#tell = tell;
  }

  problem(kind: ProblemKind, message: string, where: Omit<Problem, 'kind' | 'message'> = {}): void {
    const problem = { kind, message, ...where };
    this.#count++;
    if (this.#problems.length === LISTED_MAX) return;
    this.#problems.push(problem);
    this.#tell({ type: 'problem', problem });
  }

  /** To be called often; the first call tells that it has begun. */
  progress(): void {
    const now = performance.now();
    if (now - this.#toldAt < PROGRESS_MS) return;
    this.#toldAt = now;
    this.#tell({ type: 'progress', phase: this.phase, checked: { ...this.checked } });
  }

  report(run: {
    mode: FsckMode;
    quick: boolean;
    startedMs: number;
    endedMs: number;
    sequence: number;
  }): FsckReport {
    const { mode, quick, startedMs, endedMs, sequence } = run;
    return {
      format: 1,
      mode,
      quick,
      clean: this.#count === 0,
      startedAt: new Date(startedMs).toISOString(),
      durationMs: endedMs - startedMs,
      sequence,
      checked: this.checked,
      awaiting: this.awaiting,
      skipped: this.skipped,
      problemCount: this.#count,
      problems: this.#problems,
    };
  }
}
