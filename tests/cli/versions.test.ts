/** @module What buckets keep beside their objects, as users see it: `mb`, `rb`, `versioning`, `versions`, `undelete`, `tag`, `snapshot`, `presign`. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect } from '@cistern/store';
import { s3 as s3Store } from '@cistern/store/s3';
import { REGION, startTestServer } from '../support/server.ts';
import { needsS3rver, startS3rver } from '../support/s3rver.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'tagged', 'full'] });
const home = cliHome(s3);
const service = await connect(s3.endpoint, s3.credentials, { region: REGION });
after(() => service.close());

suite('buckets', () => {
  test('mb makes them, and says when they are there', async () => {
    await home.ok(['mb', 's3://one', 's3://two', '--versioning']);
    assert.equal(await service.features('two').versioning(), 'enabled');
    const again = await home.run(['mb', 's3://one', 's3://three']);
    assert.equal(again.code, 1);
    assert.match(again.err, /There is a bucket s3:\/\/one already\n {2}--if-missing/);
    assert.equal(await service.bucketExists('three'), true, 'the others are made');
    await home.ok(['mb', '--if-missing', 's3://one']);
    const odd = await home.run(['mb', 's3://one/key']);
    assert.equal(odd.code, 2);
    assert.match(odd.err, /The bucket is s3:\/\/one\n/);
  });

  test('rb removes empty ones; others with --force, and after a yes', async () => {
    await home.ok(['rb', 's3://one', 's3://three']);
    const store = service.bucket('full');
    const features = service.features('full');
    await features.setVersioning('enabled');
    for (const key of ['a', 'b', 'b', 'c']) await store.put(key, 'x');
    await store.delete('c');
    await features.createSnapshot('kept');
    const refused = await home.run(['rb', 's3://full']);
    assert.equal(refused.code, 1);
    const contents = '2 objects, 2 older versions, 1 delete marker and the snapshot kept';
    assert.ok(refused.err.includes(`s3://full is not empty: it has ${contents}\n`), refused.err);
    const unasked = await home.run(['rb', '--force', 's3://full']);
    assert.equal(unasked.code, 2);
    assert.match(unasked.err, /Nobody can be asked/);
    assert.equal(await store.exists('a'), true);
    const { code, err } = await home.run(['rb', '--force', '--yes', 's3://full']);
    assert.equal(code, 0, err);
    assert.equal(err, 'cistern: deleted 5 versions\n');
    assert.equal(await service.bucketExists('full'), false);
    assert.equal((await home.run(['rb', 's3://full'])).code, 3);
  });

  test('versioning is told and set', async () => {
    assert.equal(await home.ok(['versioning', 's3://two']), 'on\n');
    await home.ok(['versioning', 's3://two', 'suspended']);
    assert.equal(await service.features('two').versioning(), 'suspended');
    assert.equal((await home.run(['versioning', 's3://two', 'off'])).code, 2);
    golden('json/versioning.txt', shapesOf(await home.json(['versioning', 's3://two', 'on'])));
  });
});

suite('versions', () => {
  test('are listed, come back, and are made the current one', async () => {
    const store = service.bucket('photos');
    await service.features('photos').setVersioning('enabled');
    const { version: first = '' } = await store.put('2026/a', 'one');
    const { version: second = '' } = await store.put('2026/a', 'three');
    await store.put('2026/b', 'x');
    await store.put('2026/kept', 'x');
    await store.delete('2026/a');
    await store.delete('2026/a');
    await store.delete('2026/b');

    const lines = (await home.ok(['versions', 's3://photos/2026/a'])).trimEnd().split('\n');
    const shown = lines.map((line) => line.slice(21).replace(/ +/g, ' ').trim());
    assert.deepEqual(shown.slice(2), [`5 ${second} 2026/a`, `3 ${first} 2026/a`]);
    assert.match(shown[0] ?? '', /^deleted \S+ \* 2026\/a$/);
    assert.match(shown[1] ?? '', /^deleted \S+ 2026\/a$/);
    const below = await home.json(['versions', 's3://photos/2026']);
    golden('json/versions.txt', shapesOf(below));
    assert.equal(below.length, 7);
    assert.equal((await home.run(['versions', 's3://photos/absent'])).code, 3);

    assert.equal(
      await home.ok(['undelete', '-rn', 's3://photos/']),
      's3://photos/2026/a\ns3://photos/2026/b\n',
    );
    assert.equal(await store.exists('2026/a'), false);
    const old = await home.run(['undelete', '-r', 's3://photos/', '--older-than', '1h']);
    assert.deepEqual([old.code, old.out], [0, '']);
    const back = await home.json(['undelete', '-r', 's3://photos/2026']);
    assert.deepEqual(back.map(({ type, name, version }) => [type, name, version]).slice(0, 1), [
      ['undeleted', 's3://photos/2026/a', second],
    ]);
    assert.deepEqual(back.at(-1), { type: 'summary', undeleted: 2, failed: 0 });
    golden('json/undelete.txt', shapesOf(back));
    assert.equal(await store.get('2026/a').text(), 'three');
    const none = await home.run(['undelete', 's3://photos/2026/a']);
    assert.equal(none.code, 3);
    assert.match(none.err, /s3:\/\/photos\/2026\/a is not deleted/);

    assert.equal(
      await home.ok(['undelete', 's3://photos/2026/a', '--version', first]),
      's3://photos/2026/a\n',
    );
    assert.equal(await store.get('2026/a').text(), 'one');
    const wrong = await home.run(['undelete', 's3://photos/2026/a', '--version', 'no']);
    assert.equal(wrong.code, 3);
  });
});

suite('tags', () => {
  test('of objects and buckets are set, changed, removed and printed', async () => {
    await service.bucket('tagged').put('a[1].jpg', 'x');
    const place = 's3://tagged/a[1].jpg';
    await home.ok(['tag', place, 'album=summer', 'by=me']);
    await home.ok(['tag', place, 'by=you', 'odd=a=b', '--remove', 'album']);
    assert.equal(await home.ok(['tag', place]), 'by=you\nodd=a=b\n');
    golden('json/tag.txt', shapesOf(await home.json(['tag', place])));
    await home.ok(['tag', place, '--replace', 'one=1']);
    assert.deepEqual({ ...(await service.features('tagged').tags('a[1].jpg')) }, { one: '1' });
    await home.ok(['tag', place, '--clear']);
    assert.equal(await home.ok(['tag', place]), '');
    await home.ok(['tag', 's3://tagged', 'owner=ops']);
    assert.equal(await home.ok(['tag', 's3://tagged/']), 'owner=ops\n');
    assert.equal((await home.run(['tag', place, '--remove', 'absent'])).code, 2);
    assert.equal((await home.run(['tag', 's3://tagged/absent'])).code, 3);
    const local = await home.run(['tag', './file']);
    assert.equal(local.code, 2);
    assert.match(local.err, /has no tags/);
  });
});

suite('snapshots', () => {
  test('are made, read, forked and deleted', async () => {
    const store = service.bucket('tagged');
    await store.put('file', 'old');
    assert.equal(await home.ok(['snapshot', 'create', 's3://tagged', 'one']), 's3://tagged--one--snap\n');
    await store.put('file', 'new');
    assert.match(await home.ok(['ls', 's3://tagged--one--snap']), /^file$/m);
    const named = await home.json(['snapshot', 'create', 's3://tagged']);
    assert.match(String(named[0]?.['name']), /^\d{4}-\d\d-\d\d-\d{6}$/);
    golden(
      'json/snapshot.txt',
      shapesOf([...named, ...(await home.json(['snapshot', 'ls', 's3://tagged']))]),
    );
    await home.ok(['snapshot', 'fork', 's3://tagged', 's3://forked', '--snapshot', 'one']);
    assert.equal(await service.bucket('forked').get('file').text(), 'old');
    const { code, err } = await home.run(['snapshot', 'rm', 's3://tagged', 'absent', 'one']);
    assert.equal(code, 3, err);
    assert.match(err, /s3:\/\/tagged has no snapshot absent/);
    const absent = await home.run(['snapshot', 'fork', 's3://tagged', 's3://new', '--snapshot', 'no']);
    assert.deepEqual([absent.code, /s3:\/\/tagged has no snapshot no\n/.test(absent.err)], [3, true]);
    const taken = await home.run(['snapshot', 'fork', 's3://tagged', 's3://forked']);
    assert.match(taken.err, /There is a bucket s3:\/\/forked already/);
    assert.match(
      await home.ok(['snapshot', 'ls', 's3://tagged']),
      /^[\d: -]+  \d{4}\S+  s3:\/\/tagged--\S+--snap\n$/,
    );
  });

  test('elsewhere there are none, and that is said', { skip: needsS3rver }, async () => {
    const server = await startS3rver(['box']);
    after(server.close);
    const other = cliHome(server);
    const { code, err } = await other.run(['snapshot', 'rm', 's3://box', 'one']);
    assert.equal(code, 2);
    assert.match(err, /is no Cistern/);
    assert.equal(await other.ok(['ls', 's3://']), 'box/\n');
    const versions = await other.run(['versions', 's3://box']);
    assert.equal(versions.code, 2);
    await using store = s3Store({ ...server, bucket: 'box' });
    await store.put('a/b', 'x');
    const full = await other.run(['rb', 's3://box']);
    assert.match(full.err, /s3:\/\/box is not empty: it has 1 object\n/);
    await other.ok(['rb', '--force', '--yes', 's3://box']);
    assert.equal(await other.ok(['ls', 's3://']), '');
  });
});

test('presign prints URLs that work for anyone', async () => {
  const put = (await home.ok(['presign', 's3://tagged/by/url', '--method', 'PUT'])).trimEnd();
  assert.equal((await fetch(put, { method: 'PUT', body: 'hello' })).status, 200);
  const [record] = await home.json(['presign', 's3://tagged/by/url', '--expires', '15m']);
  assert.equal(await (await fetch(String(record?.['url']))).text(), 'hello');
  assert.match(String(record?.['url']), /X-Amz-Expires=900&/);
  golden('json/presign.txt', shapesOf([record ?? {}]));
  assert.equal((await home.run(['presign', 's3://tagged/by/url', '--expires', '8d'])).code, 2);
  assert.equal((await home.run(['presign', 's3://tagged/by/'])).code, 2);
});
