/** What failures are told as that a test cannot bring about at a server of ours: the tables, entry by entry. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { StoreError } from '@cistern/store';
import type { StoreErrorCode } from '@cistern/store';
import { files } from '@cistern/store/files';
import { retry } from '@cistern/store/layers';
import { S3ResponseError } from '@cistern/store/s3';
import { explain } from './explain.ts';
import { onOneLine } from './explanation.ts';
import { Failure } from './failure.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-explain-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function told(error: unknown): Promise<string> {
  const { message, advice = '' } = await explain(error);
  return `${message} | ${advice}`;
}

suite('a service’s answers', () => {
  const answer = (code: StoreErrorCode, s3Code: string, status: number, clockAheadMs?: number): StoreError =>
    new StoreError(code, 'as the service says', {
      operation: 'put',
      key: 'a/b',
      cause: new S3ResponseError(s3Code, 'said', status, undefined),
      where: { endpoint: 'https://h', bucket: 'photos', accessKeyId: 'AK', clockAheadMs },
    });

  test('each code has words of its own', async () => {
    const cases: [StoreErrorCode, string, number, RegExp][] = [
      ['Unauthenticated', 'InvalidAccessKeyId', 403, /https:\/\/h does not know the key AK \|/],
      ['Unauthenticated', 'SignatureDoesNotMatch', 403, /the secret of the key AK/],
      ['Unauthenticated', 'ExpiredToken', 400, /have ended \| Get new ones/],
      ['PermissionDenied', 'AccessDenied', 403, /AK may not put s3:\/\/photos\/a\/b \(s3:PutObject\) \| Ask/],
      ['PermissionDenied', '403', 403, /may not put/],
      ['NotFound', 'NoSuchBucket', 404, /no bucket s3:\/\/photos at https:\/\/h \| cistern mb s3:\/\/photos/],
      ['NotFound', 'NoSuchKey', 404, /There is no s3:\/\/photos\/a\/b/],
      ['InvalidArgument', 'PermanentRedirect', 301, /photos is in another region.*--region/],
      ['Unavailable', 'InvalidObjectState', 403, /archived.*Restore it first/],
      ['Unavailable', 'SlowDown', 503, /fewer requests/],
      ['StorageFull', 'QuotaExceeded', 403, /no room left/],
      ['Conflict', 'BucketNotEmpty', 409, /not empty \| cistern rm -r/],
      ['AlreadyExists', 'BucketAlreadyExists', 409, /there already/],
    ];
    for (const [code, s3Code, status, says] of cases) {
      assert.match(await told(answer(code, s3Code, status)), says, s3Code);
    }
    assert.match(await told(answer('Unavailable', 'InternalError', 500)), /as the service says \| Try again/);
  });

  test('a signature that is refused by a clock that is off is the clock’s fault', async () => {
    const hour = 3_600_000;
    assert.match(
      await told(answer('Unauthenticated', 'SignatureDoesNotMatch', 403, hour)),
      /1 h behind https:\/\/h's \| Set the clock/,
    );
    assert.match(await told(answer('Unauthenticated', 'RequestTimeTooSkewed', 403)), /too far from/);
  });

  test('of Azure, too', async () => {
    const cause = Object.assign(new Error('said'), {
      name: 'AzureAnswer',
      code: 'ContainerNotFound',
      status: 404,
    });
    const where = { endpoint: 'https://mine.blob.core.windows.net', bucket: 'photos' };
    assert.match(
      await told(new StoreError('NotFound', 'x', { operation: 'get', cause, where })),
      /no container az:\/\/photos at https:\/\/mine/,
    );
  });
});

suite('the network', () => {
  test('each code has words of its own', async () => {
    const cases: [string, string, RegExp][] = [
      ['ECONNREFUSED', 'http://127.0.0.1:9000', /Nothing listens at http:\/\/127.0.0.1:9000 .*cistern serve/],
      ['ECONNREFUSED', 'http://10.0.0.1', /Nothing listens at http:\/\/10.0.0.1 \| Check the address/],
      ['ENOTFOUND', 'https://minoi.example.com', /no host minoi\.example\.com/],
      ['UND_ERR_CONNECT_TIMEOUT', 'http://h', /does not answer \|.*firewalls/],
      ['ECONNRESET', 'http://h', /broke the connection \|.*https:/],
      ['EPROTO', 'https://h', /does not speak TLS \|.*http:\/\/h/],
      ['CERT_HAS_EXPIRED', 'https://h', /not valid at this time \|.*clock/],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'https://h', /for another name/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'https://h', /not trusted.*NODE_EXTRA_CA_CERTS/],
      ['HPE_INVALID_CONSTANT', 'http://h', /does not speak HTTP/],
    ];
    for (const [code, endpoint, says] of cases) {
      const cause = Object.assign(new Error('x'), { code });
      const error = new StoreError('Unavailable', 'x', { operation: 'get', cause, where: { endpoint } });
      assert.match(await told(error), says, code);
    }
  });
});

suite('files', () => {
  /** What the system itself says. */
  function failureOf(act: () => unknown): unknown {
    try {
      act();
    } catch (error) {
      return error;
    }
    throw new Error('it has not failed');
  }

  test('which file, and what was probably meant', async () => {
    mkdirSync(join(folder, 'pictures'));
    const missing = failureOf(() => readFileSync(join(folder, 'pictuers')));
    assert.match(await told(missing), /There is no .*pictuers\. Did you mean .*\/pictures\?/);
    assert.equal((await explain(missing)).exitCode, 3);
    assert.match(await told(failureOf(() => readFileSync(folder))), /is a folder, and a file is needed/);
    writeFileSync(join(folder, 'file'), '');
    const below = failureOf(() => readFileSync(join(folder, 'file', 'x')));
    assert.match(await told(below), /Part of .*file\/x is a file/);
  });

  test('of stores of files, too', async () => {
    await using store = files(join(folder, 'file', 'below'));
    const failed: unknown = await store.put('key', 'x').catch((error: unknown) => error);
    assert.match(await told(failed), /is a file/);
  });

  test('what root cannot bring about', async () => {
    const cases: [string, RegExp][] = [
      ['EACCES', /may not read or change \/srv\/x \| .*ls -ld/],
      ['ENOSPC', /no room left for \/srv\/x/],
      ['EMFILE', /ulimit -n/],
      ['EROFS', /reading only/],
    ];
    for (const [code, says] of cases) {
      assert.match(await told(Object.assign(new Error('x'), { code, path: '/srv/x' })), says);
    }
  });
});

test('a store that cannot do something is named as a person knows it', async () => {
  const failed: unknown = await retry(5, files(folder))
    .presign('k')
    .catch((error: unknown) => error);
  const text = await told(failed);
  assert.match(text, /^files\("[^"]+"\) cannot /);
  assert.equal((await explain(failed)).exitCode, 2);
});

test('one of many failures is a line', () => {
  const advice = 'cistern mb makes it.';
  assert.equal(
    onOneLine('s3://b/k', { message: 'Nothing there', advice }),
    's3://b/k: Nothing there. cistern mb makes it.',
  );
  assert.equal(
    onOneLine('a', { message: 'No a. Did you mean b?', advice }),
    'No a. Did you mean b? cistern mb makes it.',
  );
  assert.equal(onOneLine('x', { message: 'Nothing' }), 'x: Nothing');
});

test('what is known already stays as it is, but for secrets in URLs', async () => {
  const failure = new Failure('No https://me:secret@host', {
    advice: 'Try https://me:secret@host.',
    exitCode: 3,
  });
  assert.deepEqual(await explain(failure), {
    code: 'Failed',
    message: 'No https://***@host',
    advice: 'Try https://***@host.',
    exitCode: 3,
  });
  assert.equal(await told('a text'), 'a text | ');
});
