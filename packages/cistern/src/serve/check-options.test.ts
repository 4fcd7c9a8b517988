/** @module What startServer takes, what it fills in, and that everything else is refused by name. */

import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { makeCertificate } from '../../../../tests/clients/certificate.ts';
import { checkOptions } from './check-options.ts';
import { OptionError } from '../values/option-error.ts';
import type { StartServerOptions } from './start-server.ts';

async function refuses(options: object, option: string, reason: RegExp): Promise<void> {
  await assert.rejects(checkOptions(options), (error: unknown) => {
    assert.ok(error instanceof OptionError, String(error));
    assert.equal(error.code, 'InvalidOption');
    assert.equal(error.option, option);
    assert.match(error.reason, reason);
    assert.equal(error.message, `${option}: ${error.reason}`);
    return true;
  });
}

test('nothing has to be said', async () => {
  assert.deepEqual(await checkOptions({}), {
    dataDir: undefined,
    host: '127.0.0.1',
    port: 0,
    threads: 1,
    domains: [],
    region: 'us-east-1',
    tls: null,
    credentials: undefined,
    users: [],
    buckets: [],
    logLevel: 'silent',
    throughput: { bytesPerSecondMin: 1024, windowMs: 20_000 },
    drainMs: 30_000,
    feedRetentionMs: 604_800_000,
    reaperIdleMs: 250,
    storageClasses: {},
    blobs: null,
    uploadRetentionMs: 604_800_000,
    livePartBytes: 8_388_608,
    scrub: { bytesPerSecond: 8_388_608, intervalMs: 2_592_000_000 },
  });
});

test('what is said is kept', async () => {
  const options: StartServerOptions = {
    dataDir: 'data',
    host: '::1',
    port: 65_535,
    threads: 256,
    domains: ['s3.example.com', 'localhost'],
    region: 'eu_central.1',
    tls: makeCertificate(),
    credentials: { accessKeyId: 'admin', secretAccessKey: 'change-me' },
    buckets: ['photos'],
    logLevel: 'debug',
    throughput: { bytesPerSecondMin: 0, windowMs: 1 },
    drainMs: 0,
    feedRetentionMs: 1,
    reaperIdleMs: 1,
    blobs: { url: 's3://blobs/here', cacheBytes: 5, cacheDirectory: '/near' },
    storageClasses: { GLACIER: { directory: '/cold', compression: 'zstd' } },
    uploadRetentionMs: 1,
    livePartBytes: 65_536,
    scrub: { bytesPerSecond: 0, intervalMs: 1 },
  };
  assert.deepEqual(await checkOptions(options), {
    ...options,
    users: [],
    blobs: { url: 's3://blobs/here', cache: { bytes: 5, directory: '/near' } },
  });
});

test('objects that an AWS SDK has marked are taken, without the mark', async () => {
  const key = { accessKeyId: 'ALICE123', secretAccessKey: 'alice-secret' };
  const marked = { ...key, $source: { CREDENTIALS_CODE: 'e' } };
  const checked = await checkOptions({ users: [{ ...marked, name: 'alice' }] });
  assert.deepEqual(checked.users, [{ ...key, name: 'alice', root: false }]);
  assert.deepEqual((await checkOptions({ credentials: marked })).credentials, key);
});

test('users are never root', async () => {
  const alice = { name: 'alice', accessKeyId: 'ALICE123', secretAccessKey: 'alice-secret' };
  assert.deepEqual((await checkOptions({ users: [alice] })).users, [{ ...alice, root: false }]);
  assert.equal(
    (await checkOptions({ users: [Object.assign({}, alice, { root: true })] })).users[0]?.root,
    false,
  );
  await refuses({ users: [alice, { ...alice, name: '' }] }, 'users', /name of user 2 must be/);
  await refuses({ users: [alice, alice] }, 'users', /two users have the name alice/);
});

test('a misspelt option is refused, and the right ones are named', async () => {
  await refuses({ datadir: 'x' }, 'datadir', /no such option.*dataDir, host, port/);
});

test('values out of their range are refused', async () => {
  await refuses({ port: 65_536 }, 'port', /from 0 to 65535, not 65536/);
  await refuses({ port: -1 }, 'port', /not -1/);
  await refuses({ port: 1.5 }, 'port', /not 1\.5/);
  await refuses({ port: '9000' }, 'port', /whole number/);
  await refuses({ threads: 0 }, 'threads', /from 1 to 256, not 0/);
  await refuses({ drainMs: -1 }, 'drainMs', /from 0/);
  await refuses({ drainMs: 2 ** 31 }, 'drainMs', /to 2147483647/);
  await refuses({ feedRetentionMs: Number.NaN }, 'feedRetentionMs', /not NaN/);
  await refuses({ livePartBytes: 65_535 }, 'livePartBytes', /from 65536/);
  await refuses({ blobs: { url: 'no url' } }, 'blobs', /URL of a store/);
  await refuses({ blobs: { url: 'mem:', cacheBytes: -1 } }, 'blobs.cacheBytes', /from 0/);
  await refuses({ reaperIdleMs: 0 }, 'reaperIdleMs', /from 1 to 3600000/);
  await refuses({ scrub: { bytesPerSecond: -1 } }, 'scrub.bytesPerSecond', /from 0/);
  await refuses({ uploadRetentionMs: 0 }, 'uploadRetentionMs', /from 1/);
  await refuses(
    { throughput: { bytesPerSecondMin: -1, windowMs: 1 } },
    'throughput.bytesPerSecondMin',
    /from 0/,
  );
  await refuses({ throughput: { bytesPerSecondMin: 1, windowMs: 0 } }, 'throughput.windowMs', /from 1/);
  await refuses({ dataDir: '' }, 'dataDir', /must not be empty/);
  await refuses({ host: '' }, 'host', /must not be empty/);
  await refuses({ logLevel: 'trace' }, 'logLevel', /one of silent, error, warn, info, debug/);
});

test('a region is a word of a signature, a domain a name of hosts, a bucket a bucket', async () => {
  for (const region of ['', 'a/b', 'a b', '-a', 'x'.repeat(64)])
    await refuses({ region }, 'region', /such as/);
  for (const domain of ['', 'http://x', 'x:9000', 'x/', '.x', 'x..y', '*.x', '-x', 'a_b']) {
    await refuses({ domains: ['good.example', domain] }, 'domains', /not a host name/);
  }
  for (const bucket of ['', 'ab', 'Photos', 'a_b', '10.0.0.1']) {
    await refuses({ buckets: ['photos', bucket] }, 'buckets', /not a valid bucket name/);
  }
});

test('a storage class is one of S3, has a directory or compression, and nothing else', async () => {
  const storageClasses = { GLACIER: { directory: 'cold' }, STANDARD: { compression: 'zstd' } } as const;
  assert.deepEqual((await checkOptions({ storageClasses })).storageClasses, {
    GLACIER: { directory: resolve('cold'), compression: 'none' },
    STANDARD: { directory: null, compression: 'zstd' },
  });
  const cases: readonly [object, RegExp][] = [
    [{ glacier: { directory: '/cold' } }, /no storage class "glacier".*STANDARD.*GLACIER/],
    [{ GLACIER: {} }, /GLACIER is given neither/],
    [{ GLACIER: { compression: 'none' } }, /GLACIER is given neither/],
    [{ GLACIER: { directory: '' } }, /directory of GLACIER must be a path/],
    [{ GLACIER: { compression: 'gzip' } }, /compression of GLACIER must be zstd or none, not "gzip"/],
    [{ GLACIER: { directory: '/cold', codec: 'zstd' } }, /unknown field "codec".*directory, compression/],
  ];
  for (const [classes, reason] of cases) await refuses({ storageClasses: classes }, 'storageClasses', reason);
});

test('a key that is too weak to be one is refused, and not repeated', async () => {
  const secretAccessKey = 'change-me';
  await refuses(
    { credentials: { accessKeyId: 'ab', secretAccessKey } },
    'credentials.accessKeyId',
    /3 to 128/,
  );
  await refuses(
    { credentials: { accessKeyId: 'admin', secretAccessKey: 'short' } },
    'credentials.secretAccessKey',
    /^must be at least 8 characters\.$/,
  );
  await refuses({ credentials: { accessKeyId: 'admin' } }, 'credentials.secretAccessKey', /at least 8/);
});

test('a certificate and a key that do not make a pair are refused, each by name', async () => {
  const [mine, other] = [makeCertificate(), makeCertificate()];
  await refuses({ tls: { cert: 'junk', key: mine.key } }, 'tls.cert', /not a certificate in PEM form/);
  await refuses({ tls: { cert: mine.key, key: mine.key } }, 'tls.cert', /not a certificate in PEM form/);
  await refuses({ tls: { cert: mine.cert, key: 'junk' } }, 'tls.key', /not a private key in PEM form/);
  await refuses(
    { tls: { cert: mine.cert, key: other.key } },
    'tls.key',
    /does not belong to the certificate/,
  );
});
