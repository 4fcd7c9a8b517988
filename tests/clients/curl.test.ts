/**
 * @module curl against the server: signing by itself, and plain on presigned URLs.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, test } from 'node:test';

import { presign } from '@cistern/protocol';

import { eventually } from '../support/eventually.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { objectPath, sha256Hex } from '../support/s3.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { makeCertificate } from './certificate.ts';
import { createSandbox, needsCommand } from './commands.ts';

suite('curl', { skip: needsCommand('curl', 'Debian package curl') }, async () => {
  const { s3: server } = await startTestServer();
  const { endpoint, credentials, host, region } = server;
  const { home, run } = await createSandbox();
  const bucket = await server.freshBucket('curl');
  const user = `${credentials.accessKeyId}:${credentials.secretAccessKey}`;
  const curl = (...args: string[]) => run('curl', '--silent', '--show-error', '--fail-with-body', ...args);
  const signed = (...args: string[]) => curl('--aws-sigv4', 'aws:amz:us-east-1:s3', '--user', user, ...args);

  function presigned(method: string, key: string, query = ''): string {
    const target = `${objectPath(bucket, key)}${query}`;
    return endpoint + presign({ method, target, host, expiresS: 60, credentials, region, now: Date.now() });
  }

  async function fileOf(name: string, size: number): Promise<string> {
    const path = join(home, name);
    await writeFile(path, randomBytes(size));
    return path;
  }

  test('--aws-sigv4 puts, gets, lists and deletes', async () => {
    const file = await fileOf('signed.bin', 300_000);
    const url = `${endpoint}/${bucket}/signed.bin`;
    await signed('--upload-file', file, '--header', 'Content-Type: image/x-test', url);
    const down = join(home, 'signed.down');
    await signed('--output', down, '--dump-header', join(home, 'headers'), url);
    assert.ok((await readFile(file)).equals(await readFile(down)));
    assert.match(await readFile(join(home, 'headers'), 'utf8'), /^content-type: image\/x-test\r$/im);
    assert.match(await signed('--head', url), /^content-length: 300000\r$/im);
    assert.match(await signed(`${endpoint}/${bucket}?list-type=2&prefix=signed`), /<Key>signed\.bin<\/Key>/);
    assert.match(await signed(`${endpoint}/`), new RegExp(`<Name>${bucket}</Name>`));
    await signed('--request', 'DELETE', url);
    assert.doesNotMatch(await signed(`${endpoint}/${bucket}?list-type=2`), /signed\.bin/);
  });

  test('--aws-sigv4 makes, lists, forks and deletes snapshots', async () => {
    const source = await server.freshBucket('curl');
    await server.put(source, 'k', 'before');
    const url = `${endpoint}/${source}`;
    const made = await signed('--request', 'PUT', `${url}?cistern-snapshot=daily`);
    assert.match(made, new RegExp(`<ReadAs>${source}--daily--snap</ReadAs>`));
    await server.put(source, 'k', 'after');
    assert.equal(await signed(`${url}--daily--snap/k`), 'before');
    assert.match(await signed(`${url}?cistern-snapshots=`), /<Name>daily<\/Name>/);
    const from = `x-cistern-fork-source: ${source}--daily--snap`;
    await signed('--request', 'PUT', '--header', from, `${url}-fork?cistern-fork=`);
    assert.equal(await signed(`${url}-fork/k`), 'before');
    await signed('--request', 'DELETE', `${url}?cistern-snapshot=daily`);
    assert.doesNotMatch(await signed(`${url}?cistern-snapshots=`), /<Name>/);
  });

  test('--aws-sigv4 puts live, finds the upload, and follows one to its end or its break', async () => {
    const file = await fileOf('live.bin', 300_000);
    const url = `${endpoint}/${bucket}/live.bin`;
    const live = ['--header', 'x-cistern-live: true', '--header', 'x-amz-content-sha256: UNSIGNED-PAYLOAD'];
    await signed('--upload-file', file, ...live, url);
    const [, id] = /<UploadId>(\w+)</.exec(await signed(`${url}?cistern-uploads=`)) ?? [];
    const down = join(home, 'live.down');
    await signed('--output', down, `${url}?cistern-upload=${id}`);
    assert.ok((await readFile(file)).equals(await readFile(down)));
    for (const end of ['complete', 'abort']) {
      const upload = await MultipartUpload.begin(server, bucket, 'followed');
      const part = await upload.part(1, await readFile(file));
      const output = join(home, `${end}.down`);
      const follow = ['--no-buffer', '--output', output, '--header', 'x-cistern-follow: true'];
      const following = signed(...follow, `${endpoint}/${bucket}/followed?cistern-upload=${upload.id}`);
      const failed = end === 'abort' ? assert.rejects(following, /transfer closed|reset by peer/) : undefined;
      await eventually(async () => assert.equal((await stat(output)).size, 300_000));
      if (end === 'complete') assert.equal((await upload.complete([part])).status, 200);
      else await upload.abort();
      await (failed ?? following);
      assert.ok((await readFile(file)).equals(await readFile(output)));
    }
  });

  test('--upload-file sends a hash that the caller gives, or none', async () => {
    const file = await fileOf('upload.bin', 2 * (1 << 20) + 3);
    const body = await readFile(file);
    const url = `${endpoint}/${bucket}/upload.bin`;
    for (const hash of [sha256Hex(body), 'UNSIGNED-PAYLOAD']) {
      await signed('--upload-file', file, '--header', `x-amz-content-sha256: ${hash}`, url);
      const down = join(home, 'upload.down');
      await signed('--output', down, url);
      assert.ok(body.equals(await readFile(down)));
    }
    const wrong = `x-amz-content-sha256: ${sha256Hex('other')}`;
    await assert.rejects(signed('--upload-file', file, '--header', wrong, url), /XAmzContentSHA256Mismatch/);
  });

  test('a presigned URL needs nothing but curl', async () => {
    const file = await fileOf('presigned.bin', 1_500_000);
    await curl('--upload-file', file, presigned('PUT', 'pre/ü +&.bin'));
    const down = join(home, 'presigned.down');
    await curl('--output', down, presigned('GET', 'pre/ü +&.bin'));
    assert.ok((await readFile(file)).equals(await readFile(down)));
    await curl('--range', '10-19', '--output', down, presigned('GET', 'pre/ü +&.bin'));
    assert.ok((await readFile(file)).subarray(10, 20).equals(await readFile(down)));
    const query = '?response-content-type=text%2Fx-mine';
    assert.match(
      await curl('--include', '--range', '0-0', presigned('GET', 'pre/ü +&.bin', query)),
      /text\/x-mine/,
    );
    await curl('--request', 'DELETE', presigned('DELETE', 'pre/ü +&.bin'));
    await assert.rejects(curl(presigned('GET', 'pre/ü +&.bin')), /NoSuchKey/);
  });

  test('a body is sent only after 100 Continue', async () => {
    const file = await fileOf('expect.bin', 1_100_000);
    const args = [
      '--upload-file',
      file,
      '--header',
      'Expect: 100-continue',
      '--expect100-timeout',
      '30',
      '--verbose',
    ];
    await curl(...args, presigned('PUT', 'expect.bin'));
    assert.equal((await server.object('HEAD', bucket, 'expect.bin')).headers['content-length'], '1100000');
    // Refused before a byte of the body was sent: the write-out says how many were.
    const wrong = presigned('PUT', 'expect.bin').replace('expect.bin', 'other.bin');
    const sent = run(
      'curl',
      '--silent',
      '--output',
      join(home, 'error'),
      '--write-out',
      '%{http_code} %{size_upload}',
      ...args,
      wrong,
    );
    assert.equal(await sent, '403 0');
    assert.ok((await stat(join(home, 'error'))).size > 0);
  });

  test('over TLS', { skip: needsOwnServer }, async () => {
    const { cert, key } = makeCertificate();
    const { s3: secure } = await startTestServer({ tls: { cert, key } });
    const ca = join(home, 'authority.pem');
    await writeFile(ca, cert);
    const own = ['--aws-sigv4', 'aws:amz:us-east-1:s3', '--cacert', ca];
    const login = ['--user', `${secure.credentials.accessKeyId}:${secure.credentials.secretAccessKey}`];
    await curl(...own, ...login, '--request', 'PUT', `${secure.endpoint}/curl-tls`);
    await curl(...own, ...login, '--upload-file', ca, `${secure.endpoint}/curl-tls/k`);
    assert.equal(await curl(...own, ...login, `${secure.endpoint}/curl-tls/k`), cert);
  });
});
