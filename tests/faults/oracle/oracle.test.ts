/** @module The oracle itself: what a server loses, keeps or mixes behind its back it notices, and nothing else. */

import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { listedVersions, listVersions } from '../../support/versions.ts';
import { texts } from '../../support/xml.ts';
import { startServerProcess } from '../server-process.ts';
import { Oracle } from './oracle.ts';
import { BUCKET_LIST, BUCKETS } from './profile.ts';

test('what is lost, mixed, undone or added is noticed, from the log alone', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'cistern-oracle-test-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const logPath = join(folder, 'log');
  const { s3, endpoint } = await startServerProcess(join(folder, 'data'), ['--buckets', BUCKET_LIST]);
  after(() => s3.close());
  const first = await Oracle.start({ logPath, seed: 'oracle' });
  await first.prepare(endpoint);
  const { acknowledged, refused, unanswered, problems } = await first.load(endpoint, { steps: 25 }).ended;
  assert.deepEqual([refused, unanswered, problems], [0, 0, []]);
  assert.ok(acknowledged > 100, `${acknowledged}`);
  await first.close();

  const listing = await s3.bucket('GET', BUCKETS.plain, { query: { 'list-type': '2' } });
  const [lost = '', mixed = ''] = texts(listing.text, 'Key').filter((key) => key.startsWith('w'));
  const versions = listedVersions(await listVersions(s3, BUCKETS.versions)).map((line) => line.split(' '));
  const [, number, versionId = ''] = versions.find((words) => words[3] !== 'marker') ?? [];
  const versioned = `${versions.find((words) => words[2] === versionId)?.[0]} ${number}`;
  await s3.object('DELETE', BUCKETS.plain, lost);
  await s3.put(BUCKETS.plain, mixed, 'nobody wrote this');
  await s3.put(BUCKETS.plain, 'added', 'x');
  await s3.object('DELETE', BUCKETS.versions, versioned, { query: { versionId } });

  // Another process knows what the log says.
  const second = await Oracle.start({ logPath, seed: 'oracle' });
  const verdict = await second.verify(endpoint, { all: true });
  const told = verdict.problems.join('\n');
  for (const expected of [
    `${lost} is absent; acknowledged or in flight: `,
    `${mixed} holds bytes that nobody wrote`,
    `added is listed, and nobody wrote it`,
    `${versioned} has versions `,
  ])
    assert.ok(told.includes(expected), `${expected} is not told:\n${told}`);
  assert.equal(verdict.problems.length, 5, told);
  // What was found is from now on what must be there; what nobody wrote it does not know.
  await s3.object('DELETE', BUCKETS.plain, 'added');
  assert.deepEqual((await second.verify(endpoint, { all: true })).problems, []);
  await second.close();
});
