/** What of the S3 backend the contract does not know: large bodies, versions, checksums, reserved keys, live uploads. */

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, suite, test } from 'node:test';
import { s3 } from '@cistern/store/s3';
import { expectStatus } from '../support/expect.ts';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { REGION, startTestServer } from '../support/server.ts';
import { text } from '../support/xml.ts';

const MIB = 1024 * 1024;

const { s3: server } = await startTestServer({ buckets: ['box', 'versioned'] });
const faults = await startHttpFaults(server.endpoint);
const options = { bucket: 'box', region: REGION, credentials: server.credentials };
const direct = s3({ ...options, endpoint: server.endpoint });
const store = s3({ ...options, endpoint: faults.origin, partSize: 5 * MIB });
const folder = await mkdtemp(join(tmpdir(), 'cistern-s3-objects-'));
after(async () => {
  await store.close();
  await direct.close();
  await faults[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const requests: string[] = [];
beforeEach(() => {
  requests.length = 0;
  faults.rule = (request) => note(request);
});

function note({ method, url }: IncomingMessage): Fault {
  requests.push(`${method} ${url}`);
  return 'pass';
}

function sample(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let state = 1;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const large = sample(17 * MIB + 3);

suite('large bodies', () => {
  test('a file goes in parallel parts, with its attributes and a checksum of the whole', async () => {
    const path = join(folder, 'large');
    await writeFile(path, large);
    const attributes = { contentType: 'text/plain', metadata: { colour: 'blau — ü' } };
    const info = await store.putFile('file', path, { attributes });
    assert.equal(requests.filter((line) => line.includes('partNumber=')).length, 4);
    assert.match(info.etag, /-4$/);
    const head = await store.head('file');
    assert.deepEqual({ ...head.attributes, metadata: { ...head.attributes.metadata } }, attributes);
    assert.ok(large.equals(await store.get('file').bytes()));
    const answer = await server.object('HEAD', 'box', 'file', {
      headers: { 'x-amz-checksum-mode': 'ENABLED' },
    });
    assert.equal(answer.headers['x-amz-checksum-type'], 'FULL_OBJECT');
    assert.ok(answer.headers['x-amz-checksum-crc32'] !== undefined);
  });

  test('a whole object takes one request into memory when it is small, and ranges at once when it is not', async () => {
    await direct.put('small', large.subarray(0, 4096));
    await store.readInto('small', new Uint8Array(4096));
    assert.equal(requests.length, 1);
    await direct.put('large', large);
    requests.length = 0;
    const into = Buffer.alloc(large.byteLength);
    await store.readInto('large', into);
    assert.ok(large.equals(into));
    assert.equal(requests.length, 3);
  });

  test('a stream that turns out small is one request', async () => {
    async function* some(): AsyncGenerator<Uint8Array> {
      yield large.subarray(0, MIB);
      yield large.subarray(MIB, 5 * MIB);
    }
    await store.put('stream', some());
    assert.equal(requests.length, 1);
    assert.ok(large.subarray(0, 5 * MIB).equals(await direct.get('stream').bytes()));
  });

  test('more than 5 GiB are copied in parts, without their bytes', async () => {
    await direct.put('piece', sample(64 * MIB), { attributes: { contentType: 'text/plain' } });
    const upload = await MultipartUpload.begin(server, 'box', 'six');
    const parts = await Promise.all(
      Array.from({ length: 96 }, async (_, index) => {
        const copied = await upload.copy(index + 1, '/box/piece');
        return { number: index + 1, etag: text(copied.text, 'ETag') ?? '' };
      }),
    );
    expectStatus(await upload.complete(parts), 200);
    const info = await store.copy('six', 'copy', { attributes: { contentLanguage: 'de' } });
    assert.equal(info.size, 6 * 1024 ** 3);
    assert.match(info.etag, /-12$/);
    const head = await direct.head('copy');
    assert.equal(head.size, info.size);
    assert.equal(head.attributes.contentLanguage, 'de');
    const start = 5 * 1024 ** 3 + 12_345;
    const range = { start, end: start + 1000 };
    assert.deepEqual(await direct.get('copy', { range }).bytes(), await direct.get('six', { range }).bytes());
    await assert.rejects(store.copy('six', 'copy', { mode: 'create' }), { code: 'AlreadyExists' });
  });
});

suite('what came is what is stored', () => {
  test('a byte that was changed on its way shows', async () => {
    await direct.put('checked', large.subarray(0, MIB));
    faults.rule = ({ method }) => (method === 'GET' ? 'flip-answer' : 'pass');
    await assert.rejects(store.get('checked').bytes(), { code: 'Corrupt', retry: 'temporary' });
    await assert.rejects(store.readInto('checked', new Uint8Array(MIB)), { code: 'Corrupt' });
    await direct.put('parts', large);
    await assert.rejects(store.get('parts').bytes(), { code: 'Corrupt' });
    faults.rule = ({ method }) => (method === 'GET' ? 'shorten' : 'pass');
    await assert.rejects(store.get('checked').bytes(), { code: 'Corrupt' });
    await assert.rejects(store.readInto('parts', new Uint8Array(large.byteLength)));
  });

  test('versions are kept, read and copied', async () => {
    const body = '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>';
    expectStatus(await server.bucket('PUT', 'versioned', { query: 'versioning=', body }), 200);
    await using versioned = s3({ ...options, bucket: 'versioned', endpoint: server.endpoint });
    const { version } = await versioned.put('a', 'one');
    await versioned.put('a', 'two');
    assert.ok(version !== undefined);
    assert.equal(await versioned.get('a', { version }).text(), 'one');
    await versioned.copy('a', 'b', { version });
    assert.equal(await versioned.get('b').text(), 'one');
    const into = new Uint8Array(3);
    await versioned.readInto('a', [{ start: 0, into }], { version });
    assert.equal(Buffer.from(into).toString(), 'one');
  });
});

suite('a service that nobody knows', () => {
  test('is asked once whether it decides conditions, and is then relied on', async () => {
    faults.rule = (request) => {
      note(request);
      return 'unnamed';
    };
    await using unknown = s3({ ...options, endpoint: faults.origin, partSize: 5 * MIB });
    await unknown.put('conditional', 'one', { mode: 'create' });
    const probes = requests.filter((line) => line.includes('/.cistern/')).length;
    assert.ok(probes > 0, 'it was asked');
    await assert.rejects(unknown.put('conditional', 'two', { mode: 'create' }), { code: 'AlreadyExists' });
    await unknown.put('conditional-large', large, { mode: 'create' });
    await assert.rejects(unknown.put('conditional-large', large, { mode: 'create' }), {
      code: 'AlreadyExists',
    });
    // Whether it heeds the condition on a copy is not known: the bytes come here instead.
    await assert.rejects(unknown.copy('piece', 'conditional', { mode: 'create' }), { code: 'AlreadyExists' });
    await unknown.copy('conditional', 'conditional-copy', { mode: 'create' });
    assert.equal(await direct.get('conditional-copy').text(), 'one');
    assert.equal(requests.filter((line) => line.includes('/.cistern/')).length, probes, 'and only once');
    const left = await server.bucket('GET', 'box', { query: 'list-type=2&prefix=.cistern%2F' });
    assert.ok(!left.text.includes('<Contents>'), left.text);
    const uploads = await server.bucket('GET', 'box', { query: 'uploads=' });
    assert.ok(!uploads.text.includes('<Upload>'), uploads.text);
  });
});

suite('keys of our own', () => {
  test('do not show in listings, however they are rolled up', async () => {
    await using apart = s3({ ...options, bucket: 'versioned', endpoint: server.endpoint });
    for (const key of ['.cistern/uploads/x', '.cistern/y', '.cit/z', '.a']) {
      await server.put('versioned', key, 'x');
    }
    const names = async (delimiter?: string): Promise<string[]> =>
      (await Array.fromAsync(apart.list({ prefix: '.', delimiter }))).map((entry) =>
        entry.type === 'object' ? entry.key : `[${entry.prefix}]`,
      );
    assert.deepEqual(await names(), ['.a', '.cit/z']);
    assert.deepEqual(await names('/'), ['.a', '[.cit/]']);
    assert.deepEqual(await names('s'), ['.a', '.cit/z']);
    assert.deepEqual(await names('i'), ['.a', '[.ci]']);
    await apart.delete('.cit/z');
    assert.deepEqual(await names('i'), ['.a']);
  });
});

suite('live uploads on our own server', () => {
  test('a follower whose connection breaks goes on', async () => {
    const upload = await direct.upload('live');
    await upload.write('first ');
    await upload.flush();
    const reader = await store.openUpload('live');
    await upload.write('second');
    await upload.complete();
    let broken = false;
    faults.rule = (request) => {
      note(request);
      if (broken || request.headers['x-cistern-follow'] === undefined) return 'pass';
      broken = true;
      return 'cut-body';
    };
    requests.length = 0;
    const chunks = await Array.fromAsync(reader.follow());
    assert.equal(Buffer.concat(chunks).toString(), 'first second');
    const asked = requests.map((line) => line.split(' ')[0]);
    // What it gave is compared with what is there before it goes on.
    assert.deepEqual(asked, ['GET', 'HEAD', 'GET', 'GET']);
  });

  test('bytes that were given and are replaced break the follower', async () => {
    const upload = await direct.upload('replaced');
    await upload.write('first');
    await upload.flush();
    const reader = await direct.openUpload('replaced');
    let followed = '';
    const following = (async () => {
      for await (const chunk of reader.follow()) {
        followed += Buffer.from(chunk).toString();
        const path = `partNumber=1&uploadId=${upload.id}`;
        expectStatus(await server.object('PUT', 'box', 'replaced', { query: path, body: 'other' }), 200);
      }
    })();
    await assert.rejects(following, { code: 'Conflict' });
    assert.equal(followed, 'first');
    await upload.abort();
  });
});
