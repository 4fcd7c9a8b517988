/** What the catalog knows of the scrub, which reads all that is stored again and again and compares it. */

export interface ScrubProgress {
  /** The blob that it has come to, by its number. */
  readonly after: number;
  /** When the round began, in ms since the epoch; 0: none did. */
  readonly began: number;
  /** That have come to their end. */
  readonly rounds: number;
}

export interface ScrubNote {
  readonly damaged?: readonly { readonly blob: number; readonly reason: string }[];
  /** Those that were damaged are not any more. */
  readonly whole?: readonly number[];
  /** Of blobs in files: all their checks, in place of those that are there. */
  readonly checks?: readonly { readonly blob: number; readonly sums: Uint8Array }[];
  readonly inlineSums?: readonly { readonly blob: number; readonly sum: number }[];
  readonly progress?: ScrubProgress;
}

export interface DamagedBlobRow {
  readonly blob: number;
  readonly foundMs: number;
  readonly reason: string;
}

/** The document of `GET /-/api/damage`. */
export interface DamageReport {
  readonly scrub: ScrubProgress;
  /** The first 1,000. */
  readonly damaged: readonly DamagedBlobRow[];
}
