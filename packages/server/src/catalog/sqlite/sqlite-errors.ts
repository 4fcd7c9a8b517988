/** What SQLite says with an error: https://sqlite.org/rescode.html. */

export const SQLITE = { noMemory: 7, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 } as const;

/** The primary code of an error of SQLite's, which the lowest byte of an extended one is; undefined for any other. */
export function sqliteCode(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
}
