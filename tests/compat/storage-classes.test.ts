/**
 * @module Storage classes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html, and what they
 * mean where the server's configuration gives them a directory or compression. RestoreObject has a file of its own.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, suite, test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';

import { eventually } from '../support/eventually.ts';
import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload, partBytes } from '../support/multipart.ts';
import { etagOf, type S3Response, sha256Hex } from '../support/s3.ts';
import { needsBlobFiles, needsOwnServer, startTestServer } from '../support/server.ts';
import { elements, text } from '../support/xml.ts';

const cold = mkdtempSync(join(tmpdir(), 'cistern-cold-'));
after(() => rmSync(cold, { recursive: true, force: true }));

const { s3, dataDir } = await startTestServer({
  storageClasses: {
    STANDARD_IA: { directory: join(cold, 'shared') },
    ONEZONE_IA: { directory: join(cold, 'shared'), compression: 'zstd' },
    GLACIER_IR: { compression: 'zstd' },
  },
});
const bucket = await s3.freshBucket();

const CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
  'EXPRESS_ONEZONE',
];

const as = (name: string): Record<string, string> => ({ 'x-amz-storage-class': name });

function copy(from: string, to: string, headers: Record<string, string> = {}): Promise<S3Response> {
  return s3.object('PUT', bucket, to, { headers: { 'x-amz-copy-source': `/${bucket}/${from}`, ...headers } });
}

async function read(key: string): Promise<Buffer> {
  const response = await s3.object('GET', bucket, key);
  expectStatus(response, 200);
  return response.body;
}

/** Lines that are alike, and none the same as another. */
function compressible(size: number, seed: number): Buffer {
  let lines = '';
  for (let i = 0; lines.length < size; i++)
    lines += `{"time":${seed + i * 37},"level":"info","path":"/a/b/${i % 100}"}\n`;
  return Buffer.from(lines.slice(0, size));
}

/** Blob files below `root`, as paths. */
function blobFiles(root: string): string[] {
  const blobs = join(root, 'blobs');
  if (!existsSync(blobs)) return [];
  return readdirSync(blobs, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

const inData = (): string[] => blobFiles(dataDir);
const inShared = (): string[] => blobFiles(join(cold, 'shared'));

/** Runs `work` and tells which blob files it has added. */
async function added(files: () => string[], work: () => Promise<void>): Promise<string[]> {
  const before = new Set(files());
  await work();
  return files().filter((path) => !before.has(path));
}

suite('a storage class', () => {
  test('is accepted, told, and listed; a header says nothing of STANDARD', async () => {
    const classes = await s3.freshBucket();
    for (const name of CLASSES) await s3.put(classes, name, 'x', as(name));
    for (const name of CLASSES) {
      const { headers } = await s3.object('HEAD', classes, name);
      assert.equal(headers['x-amz-storage-class'], name === 'STANDARD' ? undefined : name);
    }
    for (const query of [{}, { 'list-type': '2' }]) {
      const listing = await s3.bucket('GET', classes, { query });
      const listed = elements(listing.text, 'Contents').map((entry) => [
        text(entry, 'Key'),
        text(entry, 'StorageClass'),
      ]);
      assert.deepEqual(
        listed,
        [...CLASSES].sort().map((name) => [name, name]),
      );
    }
  });

  test('that is none is refused', async () => {
    for (const name of ['NONSENSE', 'standard', ''])
      expectError(
        await s3.object('PUT', bucket, 'none', { body: 'x', headers: as(name) }),
        400,
        'InvalidStorageClass',
      );
    expectError(await copy('none', 'none', as('NONSENSE')), 400, 'InvalidStorageClass');
  });

  test('is changed by CopyObject, of an object onto itself, too; a copy without one is STANDARD', async () => {
    const body = randomBytes(200_000);
    await s3.put(bucket, 'changes', body, as('STANDARD_IA'));
    const classOf = async (key: string): Promise<string | undefined> =>
      (await s3.object('HEAD', bucket, key)).headers['x-amz-storage-class'];
    for (const name of ['ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR', 'STANDARD_IA']) {
      expectStatus(await copy('changes', 'changes', as(name)), 200);
      assert.equal(await classOf('changes'), name);
      assert.ok((await read('changes')).equals(body));
    }
    expectStatus(await copy('changes', 'copy'), 200);
    assert.equal(await classOf('copy'), undefined);
    assert.ok((await read('copy')).equals(body));
  });
});

suite('a class with a directory', { skip: needsOwnServer }, () => {
  test('has its objects there, each named by its own hash, and nothing of others', async () => {
    const body = randomBytes(300_000);
    const files = await added(inShared, async () => {
      assert.deepEqual(await added(inData, () => s3.put(bucket, 'there', body, as('STANDARD_IA'))), []);
    });
    assert.equal(files.length, 1);
    assert.equal(basename(files[0] ?? ''), sha256Hex(body));
    assert.deepEqual(await added(inShared, () => s3.put(bucket, 'here', randomBytes(300_000))), []);
    assert.ok((await read('there')).equals(body));
  });

  test('stores the same content once, and shares it with copies', async () => {
    const body = randomBytes(300_000);
    const files = await added(inShared, async () => {
      await s3.put(bucket, 'once/a', body, as('STANDARD_IA'));
      await s3.put(bucket, 'once/b', body, as('STANDARD_IA'));
      expectStatus(await copy('once/a', 'once/c', as('STANDARD_IA')), 200);
    });
    assert.equal(files.length, 1);
    assert.ok((await read('once/c')).equals(body));
  });

  test('keeps small objects in the catalog, like any class', async () => {
    assert.deepEqual(
      await added(inShared, () => s3.put(bucket, 'small', 'x'.repeat(65_536), as('STANDARD_IA'))),
      [],
    );
    expectStatus(await copy('small', 'small-too', as('ONEZONE_IA')), 200);
    assert.equal((await read('small-too')).length, 65_536);
  });

  test('may share it with another: each has the same content by itself, and takes the other none away', async () => {
    const body = randomBytes(300_000);
    const [first, second] = ['STANDARD_IA', 'ONEZONE_IA'];
    await s3.put(bucket, 'two/a', body, as(first ?? ''));
    await s3.put(bucket, 'two/b', body, as(second ?? ''));
    expectStatus(await s3.object('DELETE', bucket, 'two/a'), 204);
    await eventually(() => assert.ok(!inShared().some((path) => basename(path) === sha256Hex(body))));
    assert.ok((await read('two/b')).equals(body));
  });
});

suite('a class with compression', { skip: needsBlobFiles }, () => {
  test('takes less, and any zstd reads the file; ETag and checksum are those of the object', async () => {
    const body = compressible(3_000_000, 1);
    const digest = Buffer.from(sha256Hex(body), 'hex').toString('base64');
    const headers = { ...as('GLACIER_IR'), 'x-amz-checksum-sha256': digest };
    let etag = '';
    let checksum = '';
    const files = await added(inData, async () => {
      const response = await s3.object('PUT', bucket, 'less', { body, headers });
      expectStatus(response, 200);
      etag = response.headers['etag'] ?? '';
      checksum =
        (await s3.object('HEAD', bucket, 'less', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })).headers[
          'x-amz-checksum-sha256'
        ] ?? '';
    });
    assert.equal(files.length, 1);
    const stored = readFileSync(files[0] ?? '');
    assert.ok(stored.length < body.length / 5, `${stored.length} bytes`);
    assert.equal(basename(files[0] ?? ''), sha256Hex(stored));
    assert.ok(zstdDecompressSync(stored).equals(body));
    assert.equal(etag, etagOf(body));
    assert.equal(checksum, digest);
    const { headers: told } = await s3.object('HEAD', bucket, 'less');
    assert.equal(told['content-length'], String(body.length));
    assert.ok((await read('less')).equals(body));
  });

  test('answers ranges', async () => {
    const body = Buffer.concat([compressible(1_000_000, 5), randomBytes(700_000), compressible(300_001, 9)]);
    await s3.put(bucket, 'ranges', body, as('ONEZONE_IA'));
    for (const [start, end] of [
      [0, 0],
      [262_143, 262_144],
      [1, 1_000_000],
      [524_288, 1_048_575],
      [999_999, 1_700_001],
      [2_000_000, 2_000_000],
    ] as const) {
      const response = await s3.object('GET', bucket, 'ranges', {
        headers: { range: `bytes=${start}-${end}` },
      });
      expectStatus(response, 206);
      assert.ok(response.body.equals(body.subarray(start, end + 1)), `${start}-${end}`);
    }
  });

  test('refuses a body that is not what its digest says, and keeps nothing of it', async () => {
    const body = compressible(500_000, 77);
    const files = await added(inData, async () => {
      expectError(
        await s3.object('PUT', bucket, 'wrong', {
          body,
          headers: as('GLACIER_IR'),
          payload: sha256Hex('other'),
        }),
        400,
        'XAmzContentSHA256Mismatch',
      );
    });
    assert.deepEqual(files, []);
    assert.deepEqual(readdirSync(join(dataDir, 'tmp')), []);
  });

  test('is not confused by the stored bytes coming as an object of their own', async () => {
    const body = compressible(3_000_000, 1234);
    const [path = ''] = await added(inData, () => s3.put(bucket, 'packed', body, as('GLACIER_IR')));
    const stored = readFileSync(path);
    await s3.put(bucket, 'as-it-is', stored);
    assert.ok((await read('as-it-is')).equals(stored));
    expectStatus(await s3.object('DELETE', bucket, 'packed'), 204);
    await eventually(() => assert.ok(!existsSync(path)));
    assert.ok((await read('as-it-is')).equals(stored));
    await s3.put(bucket, 'packed', body, as('GLACIER_IR'));
    assert.ok((await read('packed')).equals(body));
  });

  test('copies into it, out of it and within it are the same bytes, stored as their class says', async () => {
    const body = compressible(2_000_000, 4321);
    await s3.put(bucket, 'moves', body);
    const [packed = ''] = await added(inData, async () => {
      expectStatus(await copy('moves', 'moves', as('GLACIER_IR')), 200);
    });
    assert.ok(statSync(packed).size < body.length / 5);
    const [shared = ''] = await added(inShared, async () => {
      const headers = { ...as('STANDARD_IA'), 'x-amz-checksum-algorithm': 'CRC32C' };
      const response = await copy('moves', 'moves', headers);
      expectStatus(response, 200);
      assert.equal(text(response.text, 'ETag'), etagOf(body));
      assert.ok(text(response.text, 'ChecksumCRC32C'));
    });
    assert.equal(basename(shared), sha256Hex(body));
    assert.deepEqual(
      await added(inShared, async () => {
        expectStatus(await copy('moves', 'moves', { ...as('STANDARD_IA'), 'x-amz-meta-a': '1' }), 200);
      }),
      [],
    );
    assert.ok((await read('moves')).equals(body));
  });

  test('a copy that is refused leaves no bytes', async () => {
    await s3.put(bucket, 'kept', compressible(500_000, 8));
    await s3.put(bucket, 'taken', 'x');
    const headers = { ...as('ONEZONE_IA'), 'if-none-match': '*' };
    const before = new Set(inShared());
    expectError(await copy('kept', 'taken', headers), 412, 'PreconditionFailed');
    await eventually(() =>
      assert.deepEqual(
        inShared().filter((path) => !before.has(path)),
        [],
      ),
    );
  });
});

test(
  'parts are where the class of their upload has them, copied ones, too',
  { skip: needsBlobFiles },
  async () => {
    const source = compressible(400_000, 7);
    await s3.put(bucket, 'copied-from', source);
    for (const name of ['STANDARD_IA', 'GLACIER_IR']) {
      const upload = await MultipartUpload.begin(s3, bucket, `parts/${name}`, as(name));
      const first = partBytes();
      const sent = await upload.part(1, first);
      const files = await added(name === 'STANDARD_IA' ? inShared : inData, async () => {
        const headers = { 'x-amz-copy-source-range': 'bytes=100-300099' };
        const response = await upload.copy(2, `${bucket}/copied-from`, headers);
        expectStatus(response, 200);
        const bytes = source.subarray(100, 300_100);
        assert.equal(text(response.text, 'ETag'), etagOf(bytes), 'the bytes were read');
        const copied = { number: 2, etag: text(response.text, 'ETag') ?? '' };
        expectStatus(await upload.complete([sent, copied]), 200);
        assert.ok((await read(`parts/${name}`)).equals(Buffer.concat([first, bytes])));
      });
      assert.equal(files.length, 1);
      const head = await s3.object('HEAD', bucket, `parts/${name}`);
      assert.equal(head.headers['x-amz-storage-class'], name);
    }
  },
);

test('what is deleted leaves every directory', { skip: needsOwnServer }, async () => {
  const listing = await s3.bucket('GET', bucket, { query: { 'list-type': '2' } });
  for (const entry of elements(listing.text, 'Contents'))
    expectStatus(await s3.object('DELETE', bucket, text(entry, 'Key') ?? ''), 204);
  await eventually(() => assert.deepEqual([...inData(), ...inShared()], []));
});
