/**
 * Objects in the store of blobs that no row names. A server that died while it sent a blob leaves one; one that is young
 * may be on its way still.
 */

import type { ObjectStore } from '@cistern/store';
import { BLOB_PREFIX, STORE_TIER } from '../../blobs/tiers.ts';
import type { FsckContext } from '../context.ts';

/** Objects looked up in one read of the catalog. */
const PAGE = 1000;
/** Longer than a body takes between its last byte and its row. */
const YOUNG_MS = 3600 * 1000;

export async function checkStoreFiles(context: FsckContext, store: ObjectStore): Promise<void> {
  const { db, slices, findings } = context;
  const youngFrom = Date.now() - YOUNG_MS;
  // Rows are found by their hash, and these objects are not named by theirs.
  db.exec('CREATE TEMP TABLE store_blobs (location TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
  const note = db.prepare(
    'INSERT INTO store_blobs SELECT location FROM blobs WHERE tier = ? AND id > ? AND id <= ? AND location IS NOT NULL',
  );
  const upTo = db.prepare(
    'SELECT max(id) AS id FROM (SELECT id FROM blobs WHERE id > ? ORDER BY id LIMIT 0 + ?)',
  );
  await slices.walk((after) => {
    const { id } = upTo.get(after, PAGE) as { id: number | null };
    if (id === null) return undefined;
    note.run(STORE_TIER, after, id);
    return id;
  });
  const row = db.prepare('SELECT 1 FROM store_blobs WHERE location = ?');
  const check = async (objects: readonly { location: string; lastModified: Date }[]): Promise<void> => {
    const unknown = await slices.read(() =>
      objects.filter(({ location }) => row.get(location) === undefined),
    );
    for (const { location, lastModified } of unknown) {
      if (lastModified.getTime() >= youngFrom) findings.awaiting.temporaryFiles++;
      else {
        findings.problem('file-orphaned', 'The catalog does not know the object in the store of blobs.', {
          path: BLOB_PREFIX + location,
        });
      }
    }
    findings.progress();
  };
  let objects: { location: string; lastModified: Date }[] = [];
  for await (const entry of store.list({ prefix: BLOB_PREFIX })) {
    if (entry.type !== 'object') continue;
    findings.checked.files++;
    objects.push({ location: entry.key.slice(BLOB_PREFIX.length), lastModified: entry.lastModified });
    if (objects.length < PAGE) continue;
    await check(objects);
    objects = [];
  }
  await check(objects);
}
