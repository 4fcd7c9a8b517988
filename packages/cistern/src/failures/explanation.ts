/** What a failure is told as. */

/** What happened, and what to do next: sentences for a person. */
export interface Told {
  readonly message: string;
  readonly advice?: string | undefined;
}

export interface Explanation extends Told {
  /** a code of `StoreErrorCode`, or `Failed`: for scripts */
  readonly code: string;
  readonly exitCode: number;
}
