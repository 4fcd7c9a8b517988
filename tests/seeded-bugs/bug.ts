/** @module What a seeded bug is: one small change of the product that breaks a promise, and what must notice it. */

export interface SeededBug {
  /** Words with hyphens; unlike any other. */
  readonly name: string;
  /** The promise that it breaks, and how, in a sentence. */
  readonly breaks: string;
  /** Of the product, from the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /**
   * Fails with the bug, and passes without it: files of tests, or the arguments of `npm run prove` (`kill`, `--for`, `60s`).
   * The first that fails is the one that is told.
   */
  readonly caughtBy: readonly Catcher[];
}

export type Catcher = { readonly test: string } | { readonly proof: readonly string[] };

export function describeCatcher(catcher: Catcher): string {
  if ('test' in catcher) return catcher.test;
  const words = catcher.proof.map((word) => (word.includes(' ') ? `'${word}'` : word));
  return `npm run prove -- ${words.join(' ')}`;
}
