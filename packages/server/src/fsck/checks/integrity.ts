/** SQLite's own check of the catalog: its pages, its indexes, its constraints. */

import { statSync } from 'node:fs';
import type { FsckContext } from '../context.ts';

/** A check of more would hold a live server's log for too long: a second takes some hundred megabytes. Bytes. */
const LIVE_BYTES_MAX = 512 * 1024 * 1024;
/** SQLite finds no more than this. */
const ERRORS_MAX = 100;

export async function checkIntegrity(
  { db, slices, findings }: FsckContext,
  { quick, live, path }: { quick: boolean; live: boolean; path: string },
): Promise<void> {
  findings.phase = 'integrity';
  if (live && statSync(path).size > LIVE_BYTES_MAX) {
    findings.skipped.push(
      `SQLite's own check of ${path}, which is larger than ${LIVE_BYTES_MAX / 2 ** 20} MiB: it would hold up the server. Run fsck while the server is stopped.`,
    );
    return;
  }
  const tables = db
    .prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table' ORDER BY name")
    .all() as {
    name: string;
  }[];
  const pragma = quick ? 'quick_check' : 'integrity_check';
  // Table by table, so that a live server's log may start over in between.
  const checks = tables.map(({ name }) => `PRAGMA main.${pragma}('${name}')`);
  for (const check of [...checks, `PRAGMA main.${pragma}(${ERRORS_MAX})`].slice(live ? 0 : -1)) {
    const rows = await slices.read(() => db.prepare(check).all());
    for (const row of rows) {
      const message = String(Object.values(row)[0]);
      if (message !== 'ok') findings.problem('catalog-damaged', `SQLite says: ${message}`);
    }
    findings.progress();
  }
}
