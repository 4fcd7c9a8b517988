/** A server whose blobs are in another store that goes away and comes back: nothing is acknowledged that is not there. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { open } from '@cistern/store';
import type { Store } from '@cistern/store';
import { startServer } from 'cistern';
import type { CisternServer } from 'cistern';
import { eventually } from '../support/eventually.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault, HttpFaults } from '../support/http-faults.ts';
import { S3 } from '../support/s3.ts';

const SIZE = 3 * 1024 * 1024 + 7;

suite('blobs in a store that goes away', () => {
  const given = { ...process.env };
  const stay = randomBytes(SIZE);
  let other: CisternServer;
  let faults: HttpFaults;
  let blobs: Store;
  let server: CisternServer;
  let s3: S3;

  before(async () => {
    other = await startServer({ buckets: ['blobs'] });
    faults = await startHttpFaults(other.endpoint);
    process.env['AWS_ACCESS_KEY_ID'] = other.credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = other.credentials.secretAccessKey;
    blobs = await open(`s3://blobs?endpoint=${encodeURIComponent(other.endpoint)}`);
    const url = `s3://blobs?endpoint=${encodeURIComponent(faults.origin)}`;
    server = await startServer({ buckets: ['box'], blobs: { url, cacheBytes: 0 } });
    s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: server.region });
    await s3.send('PUT', '/box/stays', { body: stay });
  });
  after(async () => {
    faults.rule = () => 'pass';
    await s3.close();
    await server.close();
    await blobs.close();
    await faults[Symbol.asyncDispose]();
    await other.close();
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) {
      if (given[name] === undefined) delete process.env[name];
      else process.env[name] = given[name];
    }
  });
  const stored = (): Promise<string[]> => Array.fromAsync(blobs.keys('blobs/'));

  for (const fault of ['busy', 'lose-request', 'lose-answer'] satisfies Fault[]) {
    test(`${fault}: reads and writes are to be tried again, and succeed when it is back`, async () => {
      faults.rule = () => fault;
      const headers: [string, string][] = [['range', 'bytes=5-10']];
      const body = randomBytes(SIZE);
      for (const refused of [
        await s3.send('GET', '/box/stays'),
        await s3.send('GET', '/box/stays', { headers }),
        await s3.send('PUT', `/box/${fault}`, { body }),
      ]) {
        assert.equal(refused.status, 503);
        assert.match(refused.body.toString(), /ServiceUnavailable/);
      }
      assert.equal((await s3.send('HEAD', `/box/${fault}`)).status, 404);
      assert.equal((await s3.send('PUT', '/box/small', { body: randomBytes(100) })).status, 200);

      faults.rule = () => 'pass';
      assert.deepEqual((await s3.send('GET', '/box/stays')).body, stay);
      assert.equal((await s3.send('PUT', `/box/${fault}`, { body })).status, 200);
      assert.deepEqual((await s3.send('GET', `/box/${fault}`)).body, body);
    });
  }

  test('what is deleted meanwhile is gone from the store when it is back', async () => {
    const earlier = await stored();
    await s3.send('PUT', '/box/goes', { body: randomBytes(SIZE) });
    let refused = 0;
    faults.rule = () => {
      refused++;
      return 'busy';
    };
    assert.equal((await s3.send('DELETE', '/box/goes')).status, 204);
    await eventually(() => assert.ok(refused > 0));
    faults.rule = () => 'pass';
    // The bytes of puts whose answers were lost go with it.
    await eventually(async () => assert.ok((await stored()).length <= earlier.length));
  });

  test('the same content from many at once, with answers lost: who was told so has it', async () => {
    const body = randomBytes(SIZE);
    let count = 0;
    faults.rule = () => (count++ % 3 === 1 ? 'lose-answer' : 'pass');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => s3.send('PUT', `/box/same-${index}`, { body })),
    );
    faults.rule = () => 'pass';
    for (const [index, { status }] of answers.entries()) {
      const now = await s3.send('GET', `/box/same-${index}`);
      if (status === 200) assert.deepEqual(now.body, body);
      else assert.deepEqual([status, now.status], [503, 404]);
    }
  });
});
