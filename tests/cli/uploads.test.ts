/**
 * @module `cistern uploads`, against our server; and what it does with plain parts, where uploads cannot be read meanwhile: as on
 * other services.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, suite, test } from 'node:test';
import { s3 as openS3 } from '@cistern/store/s3';
import { partTargetOf } from '@cistern/store/transfers';
import { abortUpload, committedOf, findUploads } from '../../packages/cistern/src/uploads/find-uploads.ts';
import { resumeUpload } from '../../packages/cistern/src/uploads/resume-upload.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['films', 'parts'] });
const home = cliHome(s3);
const PART = 5 * 1024 * 1024;
const BYTES = randomBytes(2 * PART + 1000);
const path = join(home.folder, 'film');

const options = { endpoint: s3.endpoint, credentials: s3.credentials };
const films = openS3({ ...options, bucket: 'films' });
/** As on a service of which nothing is known. */
const parts = openS3({ ...options, bucket: 'parts', uploads: 'parts' });

/** @returns the id of an upload that was left */
async function begin(key: string, bytes: Uint8Array = BYTES.subarray(0, 1000)): Promise<string> {
  const upload = await films.upload(key);
  await upload.write(bytes);
  await upload.flush();
  await upload.detach();
  return upload.id;
}

before(() => writeFile(path, BYTES));

suite('uploads', () => {
  test('are listed, those at the place alone', async () => {
    const ids = [await begin('a/1'), await begin('a/1'), await begin('a2'), await begin('b')];
    const keys = async (...args: readonly string[]): Promise<unknown[]> =>
      (await home.json(['uploads', 'ls', ...args])).map(({ key, id }) => [key, ids.indexOf(String(id))]);
    assert.deepEqual(await keys('s3://films'), [
      ['a/1', 0],
      ['a/1', 1],
      ['a2', 2],
      ['b', 3],
    ]);
    assert.deepEqual(await keys('s3://films/a'), [
      ['a/1', 0],
      ['a/1', 1],
    ]);
    assert.deepEqual(await keys('s3://films/a2'), [['a2', 2]]);
    assert.deepEqual(await keys('s3://films/[ab]*', '--literal'), []);
    assert.equal((await home.run(['uploads', 'ls', '.'])).code, 2);
    assert.deepEqual(await keys('s3://films/?'), [
      ['a/1', 0],
      ['a/1', 1],
      ['b', 3],
    ]);
    const line = await home.ok(['uploads', 'ls', '-l', 's3://films/b']);
    assert.match(line, /^[\d-]{10} [\d:]{8} {2} +1000 {2}\S+ {2}s3:\/\/films\/b\n$/);
    golden('json/uploads-ls.txt', shapesOf(await home.json(['uploads', 'ls', '-l', 's3://films/b'])));
  });

  test('are aborted: one that is named, or many if that is said', async () => {
    const several = await home.run(['uploads', 'abort', 's3://films/a/1']);
    assert.equal(several.code, 2);
    const [, id = ''] = /--id (\S+);/.exec(several.err) ?? [];
    const one = await home.json(['uploads', 'abort', 's3://films/a/1', '--id', id]);
    assert.deepEqual([one.length, one[0]?.['id']], [1, id]);
    golden('json/uploads-abort.txt', shapesOf(one));
    assert.equal((await home.run(['uploads', 'abort', 's3://films'])).code, 2);
    assert.equal((await home.run(['uploads', 'abort', 's3://films/nothing'])).code, 3);
    const none = await home.ok(['uploads', 'abort', 's3://films', '--older-than', '1d']);
    assert.equal(none, '');
    const dry = await home.ok(['uploads', 'abort', 's3://films', '--all', '-n']);
    assert.equal(dry.split('\n').length, 4);
    assert.equal((await home.json(['uploads', 'ls', 's3://films'])).length, 3);
    assert.match(
      await home.ok(['uploads', 'abort', 's3://films/b']),
      /^aborted {2}\S+ {2}s3:\/\/films\/b\n$/,
    );
    await home.ok(['uploads', 'abort', 's3://films', '--all']);
    assert.equal(await home.ok(['uploads', 'ls', 's3://films']), '');
  });

  test('go on from a file, if what is there is its beginning', async () => {
    await begin('film', BYTES.subarray(0, PART));
    const other = join(home.folder, 'other');
    await writeFile(other, randomBytes(2 * PART));
    const wrong = await home.run(['uploads', 'resume', 's3://films/film', other]);
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /not the beginning of this file: they differ between byte 0/);
    const short = join(home.folder, 'short');
    await writeFile(short, BYTES.subarray(0, 100));
    assert.match((await home.run(['uploads', 'resume', 's3://films/film', short])).err, /and the file 100/);
    golden(
      'json/uploads-resume.txt',
      shapesOf(await home.json(['uploads', 'resume', 's3://films/film', path])),
    );
    assert.equal(Buffer.compare(await films.get('film').bytes(), BYTES), 0);
    await begin('film');
    const there = await home.run(['uploads', 'resume', 's3://films/film', path]);
    assert.equal(there.code, 1);
    assert.match(there.err, /is there already\n {2}--overwrite replaces it/);
    await home.ok(['uploads', 'resume', 's3://films/film', path, '--overwrite']);
    assert.equal(await home.ok(['uploads', 'ls', 's3://films']), '');
  });
});

suite('uploads in plain parts', () => {
  const signal = new AbortController().signal;
  const target = partTargetOf(parts);
  assert.ok(target !== undefined);
  const taking = target;

  async function beginParts(
    key: string,
    numbers: readonly number[],
    bytes: Uint8Array = BYTES,
  ): Promise<void> {
    const object = await taking.begin(key, {});
    for (const number of numbers) {
      await taking.send(object, number, bytes.subarray((number - 1) * PART, number * PART), {});
    }
  }

  test('are found, and what of them is stored without a gap', async () => {
    await beginParts('x', [1, 3]);
    await beginParts('y', [1, 2]);
    const found = await findUploads(parts, {});
    assert.deepEqual(
      found.map(({ key, isLive }) => [key, isLive]),
      [
        ['x', false],
        ['y', false],
      ],
    );
    const sizes = await Promise.all(found.map((one) => committedOf(parts, one, {})));
    assert.deepEqual(sizes, [PART, 2 * PART]);
  });

  test('go on: what is there and right is not sent again', async () => {
    const [x] = await findUploads(parts, { prefix: 'x' });
    assert.ok(x);
    const moved = { sent: 0, there: 0 };
    const info = await resumeUpload(
      parts,
      x,
      { path, size: BYTES.byteLength },
      {
        mode: 'create',
        signal,
        onBytes: (bytes, isResumed) => (moved[isResumed ? 'there' : 'sent'] += bytes),
      },
    );
    assert.deepEqual([info.size, moved], [BYTES.byteLength, { sent: PART, there: PART + 1000 }]);
    assert.equal(Buffer.compare(await parts.get('x').bytes(), BYTES), 0);
  });

  test('of another file are refused before anything is sent, and are aborted', async () => {
    await beginParts('z', [1], randomBytes(2 * PART));
    const [z] = await findUploads(parts, { prefix: 'z' });
    assert.ok(z);
    const resumed = resumeUpload(
      parts,
      z,
      { path, size: BYTES.byteLength },
      {
        mode: 'overwrite',
        signal,
        onBytes: () => undefined,
      },
    );
    await assert.rejects(resumed, /part 1 is another one/);
    assert.equal((await taking.list(z, {})).length, 1);
    for (const one of await findUploads(parts, {})) await abortUpload(parts, one, one.key, {});
    assert.deepEqual(await findUploads(parts, {}), []);
    assert.equal(await committedOf(parts, z, {}), undefined);
  });
});
