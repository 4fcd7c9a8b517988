/** @module All rows of a catalog, to see whether a change of its file has changed anything that it says. */

import { DatabaseSync } from 'node:sqlite';

/** Of each table, in a text; undefined: it cannot be read. */
export function rowsOf(path: string): Map<string, string | undefined> {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  try {
    const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
    return new Map(names.map(({ name }) => [String(name), rowsOfTable(db, String(name))]));
  } finally {
    db.close();
  }
}

function rowsOfTable(db: DatabaseSync, name: string): string | undefined {
  try {
    const rows = db.prepare(`SELECT * FROM "${name}"`).all();
    return JSON.stringify(rows, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
    );
  } catch {
    return undefined;
  }
}

/** Tables whose rows are others than they were. */
export function changedTables(
  before: ReadonlyMap<string, string | undefined>,
  after: ReadonlyMap<string, string | undefined>,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter(
    (name) => before.get(name) !== after.get(name),
  );
}
