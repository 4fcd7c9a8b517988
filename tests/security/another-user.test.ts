/**
 * @module Security: what belongs to another user. Every operation on a foreign bucket is refused before it tells or does
 * anything, and none of the writes that read (copies, parts, renames, forks, snapshots, live uploads) reads for somebody
 * who may not read.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { S3OperationName } from '@cistern/protocol';

import { contents, expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { type S3RequestOptions, type S3Response, sha256Hex } from '../support/s3.ts';
import { dataFiles, needsBlobFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { text, texts } from '../support/xml.ts';
import { everything, makeGround, OPERATIONS, optionsOf, SAMPLES } from './every-operation.ts';

const ALICE = { accessKeyId: 'ALICEACCESSKEY', secretAccessKey: 'alice-secret-alice-secret-alice-secret' };
const MALLORY = { accessKeyId: 'MALLORYACCESSKEY', secretAccessKey: 'mallory-secret-mallory-secret' };

const { s3: root, dataDir } = await startTestServer({
  users: [
    { name: 'alice', ...ALICE },
    { name: 'mallory', ...MALLORY },
  ],
});
const options = { skip: needsOwnServer };
const alice = root.as(ALICE);
const mallory = root.as(MALLORY);
const ground = await makeGround(alice);
const own = await mallory.freshBucket('own');
await mallory.put(own, 'key', 'own');

/** What any user may ask for: it names no bucket of others, or only a new one. */
const OWN: ReadonlySet<S3OperationName> = new Set<S3OperationName>(['ListBuckets', 'CreateBucket']);

function asked(name: S3OperationName, more: S3RequestOptions = {}): Promise<S3Response> {
  const sample = SAMPLES[name](ground);
  return mallory.send(sample.method, sample.path, { ...optionsOf(name, sample), ...more });
}

/** Everything in an answer but what is of the request alone. */
function comparable({ status, headers, text: xml }: S3Response): unknown {
  const kept = Object.keys(headers).filter((name) => !['date', 'content-length'].includes(name));
  const body = xml.replaceAll(/<(Resource|RequestId|HostId)>.*?<\/\1>/g, '');
  return [status, kept.sort(), body];
}

suite('every operation on a foreign bucket is refused', options, () => {
  for (const auth of ['header', 'presigned'] as const) {
    test(auth, async () => {
      const before = await everything(alice, ground);
      for (const name of OPERATIONS) {
        if (OWN.has(name)) continue;
        const answer = await asked(name, { auth });
        if (SAMPLES[name](ground).method === 'HEAD') expectStatus(answer, 403);
        else expectError(answer, 403, 'AccessDenied');
      }
      assert.deepEqual(await everything(alice, ground), before);
    });
  }

  test('a name that is taken is not given again, and a listing shows its own', async () => {
    expectError(await mallory.bucket('PUT', ground.bucket), 409, 'BucketAlreadyExists');
    assert.deepEqual(texts((await mallory.send('GET', '/')).text, 'Name'), [own]);
    for (const prefix of [ground.bucket, '', 'g']) {
      const { text: xml } = await mallory.send('GET', '/', { query: { prefix } });
      assert.ok(!xml.includes(`<Name>${ground.bucket}`), xml);
    }
    for (const token of ['1:', ground.bucket, Buffer.from(`1:${ground.bucket}`).toString('base64url')]) {
      const { text: xml } = await mallory.send('GET', '/', { query: { 'continuation-token': token } });
      assert.ok(!xml.includes(`<Name>${ground.bucket}`), xml);
    }
  });
});

test('a refusal does not tell what is there', options, async () => {
  const conditions: Record<string, string>[] = [
    {},
    { 'if-match': '"x"' },
    { 'if-none-match': '*' },
    // CVE-2024-36107 of MinIO: dates were compared before the sender was asked who he is.
    { 'if-modified-since': new Date(0).toUTCString() },
    { 'if-unmodified-since': new Date(0).toUTCString() },
    { range: 'bytes=999999-' },
  ];
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
    for (const headers of conditions) {
      for (const auth of ['header', 'presigned', 'anonymous'] as const) {
        const [there, missing] = await Promise.all(
          [ground.key, 'missing'].map((key) =>
            mallory.object(method, ground.bucket, key, {
              headers,
              auth,
              ...(method === 'PUT' && { body: '' }),
            }),
          ),
        );
        assert.ok(there !== undefined && missing !== undefined);
        assert.equal(there.status, 403, `${method} ${JSON.stringify(headers)} ${auth}`);
        assert.deepEqual(comparable(there), comparable(missing));
      }
    }
  }
  for (const query of [
    `uploadId=${ground.uploadId}`,
    'uploadId=u00000000zzz',
    'versionId=null',
    'versionId=v00000000zzz',
  ]) {
    const answer = await mallory.object('GET', ground.bucket, ground.uploadKey, { query });
    expectError(answer, 403, 'AccessDenied');
    assert.equal(text(answer.text, 'Message'), 'Access Denied');
  }
});

/** Who has no key learns nothing of buckets, not even whether there is one. */
test('without a signature, a bucket that is there is as one that is not', options, async () => {
  for (const method of ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'OPTIONS']) {
    for (const suffix of ['', '/key', '?versions', '?delete', '?uploads', '?cistern-snapshots', '?policy']) {
      const ask = (bucket: string) =>
        root.send(method, `/${bucket}${suffix}`, { auth: 'anonymous', body: '' });
      const [there, missing] = await Promise.all([ask(ground.bucket), ask('no-such-bucket-at-all')]);
      assert.deepEqual(comparable(there), comparable(missing), `${method} ${suffix}`);
    }
  }
});

suite('no write reads what its sender may not read', options, () => {
  const sources = (): string[] => [
    `/${ground.bucket}/${ground.key}`,
    `/${ground.bucket}/${ground.key}?versionId=null`,
    `/${ground.bucket}/missing`,
    `/${ground.bucket}--${ground.snapshot}--snap/${ground.key}`,
    `/${own}/../${ground.bucket}/${ground.key}`,
  ];

  async function refuses(answer: S3Response, what: string): Promise<void> {
    assert.ok(answer.status === 403 || answer.status === 404, `${what}: ${answer.status} ${answer.text}`);
    assert.deepEqual(
      (await contents(mallory, own)).map((line) => line.split(' ')[0]),
      ['key'],
      what,
    );
  }

  test('CopyObject', async () => {
    for (const source of sources()) {
      const headers = { 'x-amz-copy-source': source };
      await refuses(await mallory.object('PUT', own, 'stolen', { headers }), source);
      const condition = { ...headers, 'x-amz-copy-source-if-none-match': '*' };
      await refuses(await mallory.object('PUT', own, 'stolen', { headers: condition }), source);
    }
  });

  test('UploadPartCopy', async () => {
    const upload = await MultipartUpload.begin(mallory, own, 'parts');
    for (const source of sources()) {
      for (const range of [{}, { 'x-amz-copy-source-range': 'bytes=0-0' }]) {
        const headers = { 'x-amz-copy-source': source, ...range };
        await refuses(await upload.ask('PUT', { partNumber: '1' }, { headers }), source);
      }
    }
    assert.deepEqual(texts((await upload.ask('GET')).text, 'PartNumber'), []);
  });

  test('RenameObject, whose source is always of the same bucket', async () => {
    for (const source of [...sources(), `../${ground.bucket}/${ground.key}`]) {
      const headers = { 'x-amz-rename-source': source };
      await refuses(await mallory.object('PUT', own, 'stolen', { query: 'renameObject', headers }), source);
    }
  });

  test('ForkBucket, and the snapshots', async () => {
    for (const source of [ground.bucket, `${ground.bucket}--${ground.snapshot}--snap`]) {
      const headers = { 'x-cistern-fork-source': source };
      const answer = await mallory.bucket('PUT', ground.free, { query: 'cistern-fork', headers });
      expectError(answer, 403, 'AccessDenied');
      expectError(await mallory.bucket('GET', source), 403, 'AccessDenied');
      expectError(await mallory.object('GET', source, ground.key), 403, 'AccessDenied');
    }
    expectStatus(await root.bucket('HEAD', ground.free), 404);
    const over = await mallory.bucket('PUT', ground.bucket, {
      query: 'cistern-fork',
      headers: { 'x-cistern-fork-source': own },
    });
    expectError(over, 409, 'BucketAlreadyExists');
  });

  test('uploads and versions by their ids, in a bucket of one’s own', async () => {
    const upload = (key: string, id: string) => new MultipartUpload(mallory, { bucket: own, key, id });
    for (const [key, id] of [
      [ground.uploadKey, ground.uploadId],
      ['live', ground.liveId],
      ['key', ground.uploadId],
    ] as const) {
      const of = upload(key, id);
      expectError(await of.ask('GET'), 404, 'NoSuchUpload');
      expectError(await of.put(1, 'x'), 404, 'NoSuchUpload');
      expectError(await of.ask('DELETE'), 404, 'NoSuchUpload');
      for (const method of ['GET', 'PUT']) {
        const query = { 'cistern-upload': id };
        const answer = await mallory.object(method, own, key, { query, payload: 'UNSIGNED-PAYLOAD' });
        assert.ok(answer.status === 404 || answer.status === 400, answer.text);
      }
    }
    await alice.bucket('PUT', ground.bucket, {
      query: 'versioning',
      body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>',
    });
    const put = await alice.object('PUT', ground.bucket, ground.key, { body: 'hers' });
    const versionId = put.headers['x-amz-version-id'] ?? '';
    assert.ok(versionId !== '');
    expectError(await mallory.object('GET', own, ground.key, { query: { versionId } }), 404, 'NoSuchVersion');
    const source = { 'x-amz-copy-source': `/${own}/${ground.key}?versionId=${versionId}` };
    expectError(await mallory.object('PUT', own, 'stolen', { headers: source }), 404, 'NoSuchVersion');
    await mallory.object('DELETE', own, ground.key, { query: { versionId } });
    assert.equal(
      (await alice.object('GET', ground.bucket, ground.key, { query: { versionId } })).text,
      'hers',
    );
  });

  test('the same content in another bucket is stored again', { skip: needsBlobFiles }, async () => {
    // Shared across users it would tell, by time and by room, what others have.
    const body = Buffer.alloc(200_000, 's');
    await alice.put(ground.bucket, 'large', body);
    await mallory.put(own, 'key', body);
    const files = (await dataFiles(dataDir)).filter((name) => name.endsWith(sha256Hex(body)));
    assert.equal(files.length, 2);
  });
});

suite('what is not S3', options, () => {
  const API = [
    '/-/api/fsck',
    '/-/api/damage',
    '/-/api/fsck?quick',
    '/-/api/',
    '/-/api/users',
    '/-/api/../metrics',
  ];

  test('the API is for root', async () => {
    for (const path of API) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'HEAD']) {
        for (const [user, code] of [
          [mallory, 'AccessDenied'],
          [root.as({ ...root.credentials, secretAccessKey: 'wrong-secret' }), 'SignatureDoesNotMatch'],
          [root.as({ ...MALLORY, accessKeyId: root.credentials.accessKeyId }), 'SignatureDoesNotMatch'],
          [root.as({ ...MALLORY, accessKeyId: 'NOSUCHKEY' }), 'InvalidAccessKeyId'],
        ] as const) {
          const answer = await user.send(method, path);
          if (method === 'HEAD') expectStatus(answer, 403);
          else expectError(answer, 403, code);
        }
        const anonymous = await root.send(method, path, { auth: 'anonymous' });
        expectStatus(anonymous, 403);
      }
    }
    expectStatus(await root.send('POST', '/-/api/fsck?quick'), 200);
  });

  test('a way to the API that is written otherwise leads nowhere', async () => {
    for (const path of [
      '//-/api/fsck',
      '/%2d/api/fsck',
      '/-%2fapi/fsck',
      '/-/api%2ffsck',
      '/-/./api/fsck',
      '/-/health/../api/fsck',
      '/-/API/fsck',
      '/-/metrics/../api/fsck',
      '/-//api/fsck',
      '/-;/api/fsck',
    ]) {
      for (const user of [mallory, root]) {
        for (const auth of ['anonymous', 'header'] as const) {
          const answer = await user.send('POST', path, { auth });
          assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
        }
      }
    }
  });

  test('the pages are for everybody, and tell nothing of anybody', async () => {
    await alice.object('GET', ground.bucket, ground.key);
    for (const path of ['/-/health/live', '/-/health/ready', '/-/metrics', '/-/nothing', '/-/']) {
      for (const user of [root, alice, mallory]) {
        for (const auth of ['anonymous', 'header', 'presigned'] as const) {
          const answer = await user.send('GET', path, { auth });
          assert.ok([200, 404].includes(answer.status), `${path}: ${answer.status}`);
          for (const secret of [
            ground.bucket,
            own,
            'alice',
            'mallory',
            ALICE.accessKeyId,
            ALICE.secretAccessKey,
          ])
            assert.ok(!answer.text.includes(secret), `${path} tells ${secret}`);
        }
      }
      for (const method of ['POST', 'PUT', 'DELETE'])
        expectError(await root.send(method, path), 405, 'MethodNotAllowed');
    }
  });
});
