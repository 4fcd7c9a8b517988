/** Each kind of damage is seen and named, and a store of everything that there can be is clean. */

import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, parse } from 'node:path';
import { suite, test } from 'node:test';

import { deletions, inline, publication } from '../catalog/requests.fixtures.ts';
import { FsckImpossible, runFsck } from './run-fsck.ts';
import type { ProblemKind } from './report.ts';
import { openFilledStore } from './store.testing.ts';
import type { FilledStore } from './store.testing.ts';

suite('a store that is well', () => {
  for (const live of [false, true]) {
    test(`and holds everything is clean, ${live ? 'in use' : 'at rest'}`, async (t) => {
      const store = openFilledStore(t);
      await store.fill();
      if (!live) store.crash();
      const { report, events } = await store.check({ live });
      assert.deepEqual(report.problems, []);
      assert.equal(report.clean, true);
      assert.equal(report.mode, live ? 'live' : 'offline');
      assert.deepEqual(report.awaiting, {
        versions: 0,
        uploads: 0,
        manifests: 0,
        blobs: 0,
        temporaryFiles: 0,
      });
      assert.deepEqual(report.checked, {
        buckets: 3,
        snapshots: 1,
        versions: 17,
        uploads: 1,
        parts: 4,
        manifests: 14,
        extents: 17,
        blobs: 11,
        files: 9,
        bytesHashed: 81,
      });
      assert.deepEqual(events.at(-1), { type: 'result', report });
    });
  }

  test('is not changed by a check, after an orderly end and after a crash', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    const contents = (): unknown =>
      readdirSync(store.directory)
        // SQLite's index of the log is made anew by whoever opens it.
        .filter((name) => !name.endsWith('-shm'))
        .map((name) => [
          name,
          name.startsWith('catalog') && readFileSync(join(store.directory, name), 'base64'),
        ]);
    const before = contents();
    await store.check();
    assert.deepEqual(contents(), before);
    store.crash();
    const closed = contents();
    await store.check();
    assert.deepEqual(contents(), closed);
    assert.equal(existsSync(`${store.path}-wal`), false);
  });

  test('tells what waits for the reaper, and finds nothing wrong with it', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    await store.catalog.deleteVersions(store.bucket, [
      { key: 'file' },
      { key: 'copy' },
      { key: 'same file' },
    ]);
    store.db.exec('DELETE FROM snapshots; UPDATE buckets SET snapshot_seq = 0');
    writeFileSync(join(store.directory, 'tmp', '0123456789ab-7'), 'half of a bo');
    const { report } = await store.check();
    assert.deepEqual(report.problems, []);
    assert.deepEqual(report.awaiting, { versions: 2, uploads: 0, manifests: 0, blobs: 1, temporaryFiles: 1 });
    while (await store.reaper.step());
    for (const location of store.deleted) rmSync(join(store.directory, 'blobs', location));
    assert.equal((await store.check()).report.awaiting.blobs, 0);
  });

  test('is clean while what snapshots and forks have left is not swept yet', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    const { catalog } = store;
    const { id } = await catalog.createBucket({ name: 'gone', owner: 'root', region: 'us-east-1' });
    await catalog.publishVersion(publication({ bucket: id, key: 'k', ...inline('x') }));
    await catalog.snapshots.create(id, 'daily');
    await catalog.deleteVersions(id, deletions('k'));
    await catalog.snapshots.delete(id, 'daily');
    await catalog.deleteBucket(id);
    const fork = { source: 1, sourceAsOf: null, name: 'forked', owner: 'root', region: 'us-east-1' };
    const { plan } = await store.write('beginFork', fork);
    await store.write('copyForkSlice', { plan, from: '' });
    const forking = (await store.check()).report;
    assert.deepEqual([forking.problems, forking.awaiting.versions], [[], 1]);
    await store.write('abandonFork', { plan });
    assert.deepEqual((await store.check()).report.problems, []);
    while (store.sweeper.step());
    const swept = (await store.check()).report;
    assert.deepEqual([swept.problems, swept.awaiting.versions], [[], 0]);
  });

  test('of storage classes with directories of their own, or compressed, is read there', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    const cold = join(store.directory, 'cold');
    const moved = join(cold, 'blobs', 'GLACIER');
    mkdirSync(join(cold, 'blobs'), { recursive: true });
    renameSync(join(store.directory, 'blobs'), moved);
    store.db.exec("UPDATE blobs SET tier = 'GLACIER' WHERE location IS NOT NULL");
    mkdirSync(join(moved, '1', 'codec-1'));
    const { dir: first } = parse(dirname(store.fileOf('another file')));
    renameSync(
      first.replace(join(store.directory, 'blobs'), moved),
      join(moved, '1', 'codec-1', basename(first)),
    );
    store.db.exec(
      "UPDATE blobs SET codec = 1, location = replace(location, '1/', '1/codec-1/') WHERE logical = 12",
    );
    const storageClasses = { GLACIER: { directory: cold, compression: 'zstd' } } as const;
    const { report } = await store.check({ storageClasses });
    assert.deepEqual(report.problems, []);
    assert.equal(report.checked.files, 9);
    const unknown = await store.check();
    assert.ok(unknown.report.problems.some(({ kind }) => kind === 'blob-tier'));
  });
});

/** SQL, or what is done to the directory. */
const DAMAGE: readonly [what: string, kind: ProblemKind, damage: string | ((store: FilledStore) => void)][] =
  [
    ['a byte of a file is flipped', 'blob-damaged', ({ fileOf }) => flip(fileOf('one file'))],
    ['a file is truncated', 'blob-size', ({ fileOf }) => truncateSync(fileOf('one file'), 3)],
    ['a file is gone', 'blob-missing', ({ fileOf }) => rmSync(fileOf('one file'))],
    [
      'a file is there that no row names',
      'file-orphaned',
      ({ directory }) => writeFileSync(join(directory, 'blobs', '1', 'notes.txt'), 'x'),
    ],
    [
      'a row of a file is gone',
      'file-orphaned',
      'DELETE FROM blobs WHERE id = (SELECT blob FROM extents WHERE length = 8 AND offset = 0 LIMIT 1)',
    ],
    [
      'a byte of an inline blob is flipped',
      'blob-damaged',
      "UPDATE blobs SET data = X'616C6C6D73' WHERE data = X'736D616C6C'",
    ],
    ['an inline blob is shorter', 'blob-size', "UPDATE blobs SET data = X'73' WHERE data = X'736D616C6C'"],
    [
      'an inline blob has lost its bytes',
      'blob-row',
      "UPDATE blobs SET data = NULL WHERE data = X'736D616C6C'",
    ],
    ['a blob counts one reference more', 'references', 'UPDATE blobs SET refs = refs + 1 WHERE logical = 12'],
    ['a blob counts one reference less', 'references', 'UPDATE blobs SET refs = refs - 1 WHERE logical = 12'],
    ['a manifest counts one reference more', 'references', manifestOf('file', 'refs = refs + 1')],
    ['a manifest counts one reference less', 'references', manifestOf('file', 'refs = refs - 1')],
    ['an open upload does not count', 'references', 'UPDATE manifests SET refs = 2 WHERE extents = 0'],
    ['a blob in use is being deleted', 'extent-blob', 'UPDATE blobs SET state = 2 WHERE logical = 12'],
    [
      'a blob lies where its hash does not say',
      'blob-row',
      "UPDATE blobs SET location = location || '0' WHERE logical = 12",
    ],
    ['the row of a blob is gone', 'extent-blob', 'DELETE FROM blobs WHERE logical = 12'],
    ['a blob is shorter than an extent', 'extent-blob', 'UPDATE blobs SET logical = 4 WHERE logical = 12'],
    ['an extent is missing', 'manifest-extents', 'DELETE FROM extents WHERE start = 12'],
    [
      'the ETag of a version is another',
      'row-damaged',
      "UPDATE versions SET etag = 'e' || etag WHERE key = 'file'",
    ],
    ['a key is another', 'row-damaged', "UPDATE versions SET key = 'fild' WHERE key = 'file' AND place = 0"],
    [
      'an extent begins elsewhere in its blob',
      'row-damaged',
      'UPDATE extents SET offset = 1, length = length - 1 WHERE sum IS NOT NULL',
    ],
    ['a version has no sum', 'row-damaged', "UPDATE versions SET sum = NULL WHERE key = 'file'"],
    ['an extent has no sum', 'row-damaged', 'UPDATE extents SET sum = NULL'],
    ['a part has no sum', 'row-damaged', 'UPDATE parts SET sum = NULL WHERE number = 4'],
    ['an inline blob has no sum', 'row-damaged', 'UPDATE blobs SET sum = NULL WHERE location IS NULL'],
    ['an inline blob has a codec', 'blob-row', 'UPDATE blobs SET codec = 1 WHERE location IS NULL'],
    ['a row of the feed has no sum', 'row-damaged', 'UPDATE feed SET sum = NULL WHERE seq = 5'],
    ['a row of the feed is another', 'row-damaged', 'UPDATE feed SET at_ms = at_ms + 1 WHERE seq = 5'],
    [
      'a blob has checks, and its row knows of none',
      'blob-checks',
      "INSERT INTO blob_checks SELECT id, 0, X'00000000' FROM blobs WHERE location IS NOT NULL",
    ],
    ['extents leave a gap', 'manifest-extents', 'UPDATE extents SET start = 13, length = 7 WHERE start = 12'],
    ['a manifest says another size', 'manifest-extents', manifestOf('file', 'size = 9')],
    [
      'a manifest is gone',
      'manifest-missing',
      "DELETE FROM manifests WHERE id = (SELECT manifest FROM versions WHERE key = 'file')",
    ],
    [
      'a manifest is gone and its extents are left',
      'extents-orphaned',
      'DELETE FROM manifests WHERE id = (SELECT max(id) FROM manifests)',
    ],
    [
      'a version with bytes has no manifest',
      'manifest-missing',
      "UPDATE versions SET manifest = NULL WHERE key = 'file'",
    ],
    [
      'a version is longer than its manifest',
      'version-extents',
      "UPDATE versions SET size = 9 WHERE key = 'file'",
    ],
    [
      'a version has another number of extents',
      'version-extents',
      "UPDATE versions SET extents = 1 WHERE key = 'multipart'",
    ],
    ['the bucket of a version is gone', 'bucket-missing', "DELETE FROM buckets WHERE name = 'photos'"],
    [
      'a key has two current versions',
      'version-place',
      "UPDATE versions SET place = 0 WHERE key = 'null below'",
    ],
    ['a marker is current', 'version-place', "UPDATE versions SET place = 0 WHERE key = 'never was'"],
    [
      'an older version is current',
      'version-place',
      "UPDATE versions SET place = 1 - place WHERE key = 'null below' AND is_null = 0 AND seq >= (SELECT min(seq) FROM versions WHERE key = 'null below' AND is_null = 0)",
    ],
    [
      'the newest version is not current',
      'version-place',
      "UPDATE versions SET place = 1 WHERE key = 'null below'",
    ],
    [
      'a key has two null versions',
      'version-place',
      "UPDATE versions SET is_null = 1 WHERE key = 'null below' AND place = 0",
    ],
    [
      'a retired version does not say when',
      'version-place',
      'UPDATE versions SET retired_seq = NULL WHERE place = 2',
    ],
    [
      'a version is retired and shown',
      'version-place',
      "UPDATE versions SET retired_seq = 99 WHERE key = 'file'",
    ],
    ['a version is older than itself', 'version-place', "UPDATE versions SET since = 0 WHERE key = 'file'"],
    ['the counter was set back', 'sequence', "UPDATE meta SET value = 5 WHERE name = 'sequence'"],
    [
      'a snapshot is of the future',
      'sequence',
      'UPDATE snapshots SET seq = 9999; UPDATE buckets SET snapshot_seq = 9999',
    ],
    ['a bucket forgets its snapshot', 'snapshot', 'UPDATE buckets SET snapshot_seq = 0'],
    [
      'a bucket keeps what none shows',
      'snapshot',
      "UPDATE buckets SET snapshot_seq = 9 WHERE name = 'photos'",
    ],
    ['the bucket of a snapshot is gone', 'bucket-missing', 'UPDATE snapshots SET bucket = 999'],
    ['a part lies elsewhere', 'parts', 'UPDATE extents SET start = start + 1 WHERE start > 40000000000'],
    ['a part is missing', 'parts', 'DELETE FROM parts WHERE number = 5'],
    [
      'the name of a bucket is another',
      'row-damaged',
      "UPDATE buckets SET name = 'fotos' WHERE name = 'photos'",
    ],
    ['a bucket is another\u2019s', 'row-damaged', "UPDATE buckets SET owner = 'clice' WHERE name = 'photos'"],
    ['a bucket has another scope', 'row-damaged', "UPDATE buckets SET scope = 2 WHERE name = 'photos'"],
    ['a snapshot has another name', 'row-damaged', "UPDATE snapshots SET name = 'sunday'"],
    ['a snapshot is of an earlier moment', 'row-damaged', 'UPDATE snapshots SET seq = seq - 1'],
    ['an upload is of another key', 'row-damaged', "UPDATE uploads SET key = 'uplobd' WHERE state = 0"],
    ['an upload is not complete any more', 'row-damaged', 'UPDATE uploads SET state = 0'],
    ['a version is another\u2019s', 'row-damaged', "UPDATE versions SET owner = 'clice' WHERE key = 'file'"],
    [
      'a version is in another bucket',
      'row-damaged',
      "UPDATE versions SET bucket = (SELECT id FROM buckets WHERE name = 'kept') WHERE key = 'file'",
    ],
    [
      'a version can be read for longer',
      'row-damaged',
      "UPDATE versions SET restored_until_ms = 4e12 WHERE key = 'file'",
    ],
    [
      'a version was retired later',
      'row-damaged',
      'UPDATE versions SET retired_seq = retired_seq + 1 WHERE place = 2',
    ],
    ['the number of a part is another', 'row-damaged', 'UPDATE parts SET number = 7 WHERE number = 4'],
    ['a part of an object is missing', 'parts', 'DELETE FROM parts WHERE number = 4'],
    ['parts have another size than their object', 'parts', 'UPDATE parts SET size = 9 WHERE number = 4'],
    ['the manifest of an upload is gone', 'manifest-missing', 'DELETE FROM manifests WHERE extents = 0'],
  ];

suite('it is seen when', () => {
  for (const [what, kind, damage] of DAMAGE) {
    test(what, async (t) => {
      const store = openFilledStore(t);
      await store.fill();
      if (typeof damage === 'string') store.db.exec(damage);
      else damage(store);
      for (const live of [false, true]) {
        const { report, events } = await store.check({ live });
        const kinds = report.problems.map((problem) => problem.kind);
        assert.ok(kinds.includes(kind), `found ${kinds.join(', ') || 'nothing'}`);
        assert.equal(report.clean, false);
        assert.equal(report.problemCount, report.problems.length);
        assert.equal(events.filter(({ type }) => type === 'problem').length, report.problemCount);
      }
    });
  }

  test('an index of the catalog has lost a row', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    store.db.enableDefensive(false);
    store.db.exec(`PRAGMA writable_schema = ON;
      UPDATE sqlite_schema SET sql = 'CREATE INDEX feed_by_time ON feed (kind)' WHERE name = 'uploads_open';
      UPDATE sqlite_schema SET sql = replace(sql, 'WHERE refs = 0', 'WHERE refs = 1') WHERE name = 'blobs_unreferenced';`);
    store.crash();
    const { report } = await store.check();
    assert.equal(report.problems[0]?.kind, 'catalog-damaged');
  });

  test('pages of the catalog are overwritten', async (t) => {
    const store = openFilledStore(t);
    await store.fill();
    store.crash();
    const bytes = readFileSync(store.path);
    bytes.fill(0xa5, 4096 * 2, bytes.length);
    writeFileSync(store.path, bytes);
    const { report } = await store.check();
    assert.equal(report.clean, false);
    assert.equal(report.problems[0]?.kind, 'catalog-damaged');
  });
});

test('a quick check looks at sizes, not at bytes', async (t) => {
  const store = openFilledStore(t);
  await store.fill();
  flip(store.fileOf('one file'));
  assert.equal((await store.check({ quick: true })).report.clean, true);
  truncateSync(store.fileOf('one file'), 3);
  const { report } = await store.check({ quick: true });
  assert.deepEqual(
    report.problems.map(({ kind }) => kind),
    ['blob-size'],
  );
  assert.equal(report.checked.bytesHashed, 0);
});

test('a quick check tells what was found damaged before', async (t) => {
  const store = openFilledStore(t);
  await store.fill();
  const blob = Number(store.db.prepare('SELECT max(id) AS id FROM blobs').get()?.['id']);
  await store.write('noteScrub', { damaged: [{ blob, reason: 'its SHA-256 is another' }] });
  const { report } = await store.check({ quick: true });
  assert.deepEqual(
    report.problems.map(({ kind, blob: id }) => ({ kind, id })),
    [{ kind: 'blob-damaged', id: blob }],
  );
  // It reads the bytes itself.
  assert.equal((await store.check()).report.clean, true);
});

test('what is no catalog of this format is refused with what to do', async (t) => {
  const store = openFilledStore(t);
  const options = { live: false, quick: false };
  await assert.rejects(runFsck({ dataDir: join(store.directory, 'tmp'), ...options }), FsckImpossible);
  store.db.exec('PRAGMA user_version = 1');
  await assert.rejects(store.check(), /at its next start/);
  store.db.exec('PRAGMA user_version = 99');
  await assert.rejects(store.check(), /newer Cistern/);
  store.db.exec('PRAGMA application_id = 1');
  await assert.rejects(store.check(), /not a Cistern catalog/);
});

function manifestOf(key: string, change: string): string {
  return `UPDATE manifests SET ${change} WHERE id = (SELECT manifest FROM versions WHERE key = '${key}')`;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
