/** What the table of rename tokens takes, and how much of it goes at a time. What tokens mean is the contract's. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { inline, publication } from '../../requests.fixtures.ts';
import { count, openSqliteStore } from '../sqlite-store.testing.ts';

test('a token takes little room, and old ones go some at a time', async (t) => {
  const { catalog, db, queue } = openSqliteStore(t);
  const { id: bucket } = await catalog.createBucket({ name: 'photos', owner: 'alice', region: 'us-east-1' });
  await catalog.publishVersion(publication({ bucket, key: 'a', ...inline('bytes') }));
  queue.transact(() => {
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
      INSERT INTO rename_tokens SELECT ${bucket}, 'old-' || i, x'00', i FROM n`);
  });
  await catalog.renameVersion({
    bucket,
    sourceKey: 'a',
    key: 'b',
    sourceConditions: { ifMatch: '*' },
    destinationConditions: { ifNoneMatch: ['x'.repeat(10_000)] },
    token: 'new',
  });
  const left = count(db, 'SELECT count(*) FROM rename_tokens');
  assert.ok(left < 1000 && left > 900, `${left} tokens`);
  assert.equal(count(db, "SELECT length(request) FROM rename_tokens WHERE token = 'new'"), 32);
});
