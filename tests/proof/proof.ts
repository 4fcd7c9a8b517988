/**
 * @module What a proof is: something that is tried again and again, with other choices each time, and counts what it did.
 * Its long form runs in slices of any length; what they counted adds up in `docs/proof/slices.jsonl`.
 */

/** What one slice is given. Everything random follows from `seed`, so that a slice can be run again. */
export interface Slice {
  readonly seed: string;
  /** What `--set name=value` said, for those that know more to choose. */
  readonly settings: ReadonlyMap<string, string>;
  /** True when no further unit is to be begun: the time is over, `--units` are done, or Ctrl-C. */
  readonly over: () => boolean;
  /** Adds to a count of this slice. Counts that are no aim are told, too. */
  readonly count: (name: string, by?: number) => void;
  /** Something that must never happen has happened: told at once, recorded, and the process fails in the end. */
  readonly violation: (report: string) => void;
  /** A line for whoever watches. */
  readonly log: (line: string) => void;
}

export interface Proof {
  /** What must be reached in all slices together, by the name of its count. The first is what `--units` counts. */
  readonly aims: Readonly<Record<string, number>>;
  /** Why it cannot run on this machine, with what would make it possible. */
  readonly needs?: string | false;
  /** Runs until `slice.over()`. Rejects when it cannot go on, which counts as a violation: what was counted before is recorded. */
  readonly run: (slice: Slice) => Promise<void>;
}

/** An entry of the table of proofs. */
export interface ProofEntry {
  readonly name: string;
  /** `npm run prove:GROUP` runs all of a group. */
  readonly group: string;
  /** What it shows, in a line of `docs/proof.md`. */
  readonly shows: string;
  readonly load: () => Promise<Proof>;
}
