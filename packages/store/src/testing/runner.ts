/** What the contract suite needs of a test runner: `node:test` has it as it is; others by a small adapter. */

export interface Runner {
  /** Groups tests. */
  suite: (name: string, body: () => void) => unknown;
  /** A test, which fails when its promise rejects. */
  test: (name: string, body: () => Promise<void>) => unknown;
  /** Run once after all tests of the suite it is called in. */
  after: (body: () => Promise<void>) => unknown;
}
