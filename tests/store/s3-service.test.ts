/** Services by `connect`, buckets by URL, and how buckets are named in requests: against our own server. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect, open } from '@cistern/store';
import { s3 } from '@cistern/store/s3';
import { REGION, startTestServer } from '../support/server.ts';

const { s3: server } = await startTestServer({ domains: ['localhost'], buckets: ['shared'] });
const { endpoint, credentials } = server;

const service = await connect(endpoint, credentials, { region: REGION });
after(() => service.close());

suite('services', () => {
  test('buckets are made, found, listed and deleted', async () => {
    assert.equal(await service.bucketExists('made'), false);
    await service.createBucket('made');
    assert.equal(await service.bucketExists('made'), true);
    // S3 takes it for done when the bucket is one's own in us-east-1; others say so.
    await service.createBucket('made').catch((error: unknown) => {
      assert.equal((error as { code?: string }).code, 'AlreadyExists');
    });
    const store = service.bucket('made');
    await store.put('a', 'x');
    await assert.rejects(service.deleteBucket('made'), { code: 'Conflict' });
    await store.delete('a');
    const names = (await Array.fromAsync(service.listBuckets())).map(({ name }) => name);
    assert.deepEqual(names, ['made', 'shared']);
    const [found] = await Array.fromAsync(service.listBuckets({ prefix: 'm' }));
    assert.equal(found?.name, 'made');
    assert.ok(found.createdAt instanceof Date);
    await service.deleteBucket('made');
    await assert.rejects(service.deleteBucket('made'), { code: 'NotFound' });
    await assert.rejects(service.createBucket('No Name'), { code: 'InvalidArgument' });
  });

  test('a bucket that is not there shows with the first call', async () => {
    const store = service.bucket('absent');
    await assert.rejects(store.put('a', 'x'), { code: 'NotFound', message: /no such bucket/ });
    await assert.rejects(Array.fromAsync(store.list()), { code: 'NotFound' });
    await assert.rejects(store.delete('a'), { code: 'NotFound' });
  });

  test('buckets named by their host', async () => {
    const url = new URL(endpoint);
    const byHost = { bucket: 'shared', endpoint: `http://localhost:${url.port}`, credentials };
    await using virtual = s3({ ...byHost, addressing: 'virtual' });
    await using path = s3({ ...byHost, addressing: 'path' });
    await virtual.put('by/host', 'x');
    assert.equal(await path.get('by/host').text(), 'x');
    assert.deepEqual(await Array.fromAsync(virtual.keys('by/')), ['by/host']);
    assert.match(await virtual.presign('a'), /^http:\/\/shared\.localhost:/);
    await virtual.delete('by/host');
  });

  test('wrong keys say so', async () => {
    await using unknown = s3({
      bucket: 'shared',
      endpoint,
      credentials: { ...credentials, accessKeyId: 'other' },
    });
    await assert.rejects(unknown.put('a', 'x'), { code: 'Unauthenticated', message: /Check the access key/ });
    await using wrong = s3({
      bucket: 'shared',
      endpoint,
      credentials: { ...credentials, secretAccessKey: 'other' },
    });
    await assert.rejects(wrong.put('a', 'x'), { code: 'Unauthenticated' });
    await using nobody = s3({ bucket: 'shared', endpoint, credentials: 'anonymous' });
    await assert.rejects(nobody.put('a', 'x'), { code: 'PermissionDenied' });
  });

  test('a region that is not the service’s is learnt', async () => {
    await using store = s3({ bucket: 'shared', endpoint, credentials, region: 'eu-west-9' });
    await store.put('region', 'x');
    assert.equal(await store.get('region').text(), 'x');
    await store.delete('region');
  });

  test('by URL, with a folder', async () => {
    const url = `s3://shared/some/folder?endpoint=${encodeURIComponent(endpoint)}&region=${REGION}&addressing=path`;
    await using folder = await open(url, { credentials });
    await folder.put('a', 'x');
    assert.equal(await service.bucket('shared').get('some/folder/a').text(), 'x');
    await folder.delete('a');
    await assert.rejects(open('s3://shared?regoin=x'), { code: 'InvalidArgument', message: /regoin/ });
    await assert.rejects(open('s3://key:secret@shared'), { code: 'InvalidArgument' });
  });

  test('nobody listens: out of reach, and temporary', async () => {
    await using store = s3({ bucket: 'any', endpoint: 'http://127.0.0.1:1', credentials });
    await assert.rejects(store.put('a', 'x'), { code: 'Unavailable', retry: 'temporary' });
    await store.close();
    await assert.rejects(store.put('a', 'x'), { code: 'Closed' });
  });
});
