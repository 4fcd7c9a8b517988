/** @module What a person reads when something fails, and how the process ends: real failures, at a real server. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { makeCertificate } from '../clients/certificate.ts';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome } from './cli.ts';

const ALICE = { name: 'alice', accessKeyId: 'ALICE123', secretAccessKey: 'a-secret-of-alice' };
const { s3 } = await startTestServer({ buckets: ['photos', 'backup'], users: [ALICE] });
const { endpoint } = s3;
const { accessKeyId, secretAccessKey } = s3.credentials;
const home = cliHome(s3);

interface Case {
  readonly args: string[];
  readonly env?: Record<string, string>;
  readonly code: number;
  /** parts of what is told, in this order */
  readonly says: readonly (string | RegExp)[];
}

async function check({ args, env, code, says }: Case): Promise<void> {
  const ran = await home.run(args, env === undefined ? {} : { env });
  assert.equal(ran.code, code, ran.err);
  assert.equal(ran.out, '');
  let rest = ran.err;
  for (const part of says) {
    const at = typeof part === 'string' ? rest.indexOf(part) : rest.search(part);
    assert.notEqual(at, -1, `${JSON.stringify(String(part))} is not told, or not in its order:\n${ran.err}`);
    rest = rest.slice(at);
  }
  assert.ok(!ran.err.includes(secretAccessKey));
}

/** Listens, and treats each connection as `act` does. */
async function listen(act: (socket: Socket) => void): Promise<number> {
  const server = createServer(act).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

suite('keys', () => {
  test('one that the service does not know: which, and where it is from', async () => {
    await check({
      args: ['ls', 's3://photos'],
      env: { AWS_ACCESS_KEY_ID: 'AKIANOBODY' },
      code: 4,
      says: [`${endpoint} does not know the key AKIANOBODY (of AWS_ACCESS_KEY_ID)`, '--profile'],
    });
  });

  test('a wrong secret, of a remote', async () => {
    await home.ok(
      [
        'remote',
        'add',
        'prod',
        's3://',
        '--endpoint',
        endpoint,
        '--access-key-id',
        accessKeyId,
        '--secret-stdin',
      ],
      { input: 'something else' },
    );
    await check({
      args: ['ls', 'prod:photos'],
      code: 4,
      says: ['the secret of the key', `${accessKeyId} (kept with the remote prod)`, 'Enter the secret again'],
    });
  });

  test('a refusal that says nothing, as those of HEAD, is asked about', async () => {
    await check({
      args: ['stat', 'prod:photos/x'],
      code: 4,
      says: ['the secret of the key', `${accessKeyId} (kept with the remote prod)`],
    });
  });

  test('none at all: three ways to give some', async () => {
    await check({
      args: ['ls', 's3://photos', '--profile', 'nobody'],
      code: 4,
      says: ['no profile nobody', 'AWS_ACCESS_KEY_ID', '--profile', 'remote'],
    });
    await check({
      args: ['ls', 's3://photos'],
      env: { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '' },
      code: 4,
      says: [`no credentials for ${endpoint}`, 'AWS_ACCESS_KEY_ID', '--profile', 'remote', '--anonymous'],
    });
    await check({
      args: ['ls', 'az://photos'],
      code: 4,
      says: ['AZURE_STORAGE_CONNECTION_STRING', 'remote'],
    });
  });

  test('one that may not do this: what, where, and with which permission', async () => {
    const env = { AWS_ACCESS_KEY_ID: ALICE.accessKeyId, AWS_SECRET_ACCESS_KEY: ALICE.secretAccessKey };
    await check({
      args: ['ls', 's3://photos'],
      env,
      code: 4,
      says: [
        'The key ALICE123 (of AWS_ACCESS_KEY_ID) may not list s3://photos (s3:ListBucket)',
        'Ask its owner',
      ],
    });
    await check({
      args: ['ls', 's3://photos', '--anonymous'],
      code: 4,
      says: ['Requests that are not signed may not list s3://photos'],
    });
  });

  test('a clock that is off: by how much, and in which direction', async () => {
    const shift = (ms: number): Record<string, string> => ({
      NODE_OPTIONS: `--import=data:text/javascript,const{now}=Date;Date.now=()=>now.call(Date)%2B(${ms})`,
    });
    await check({
      args: ['ls', 's3://photos'],
      env: shift(7_500_000),
      code: 4,
      says: [/clock of this machine is 2 h [45] min ahead of http/, 'Set the clock'],
    });
    await check({
      args: ['ls', 's3://photos'],
      env: shift(-2 * 86_400_000),
      code: 4,
      says: [/clock of this machine is 2 d (?:1 min )?behind/],
    });
  });
});

suite('names', () => {
  test('a mistyped bucket: the one that was probably meant, as a place', async () => {
    await check({
      args: ['ls', 's3://photso'],
      code: 3,
      says: ['no bucket s3://photso', 'Did you mean s3://photos?'],
    });
    await home.ok(['remote', 'add', 'work', 's3://', '--endpoint', endpoint, '--from-env']);
    await check({ args: ['ls', 'work:bakcup'], code: 3, says: ['Did you mean work:backup?'] });
    for (const name of ['ls', 'cat']) {
      const says = ['ab can be no bucket’s name', '3 to 63'];
      await check({ args: [name, 's3://ab/key'], code: 2, says });
    }
    await check({ args: ['ls', 's3://nothing-like-it'], code: 3, says: [/at http:\S+\n/, 'cistern mb'] });
  });
});

suite('the network', () => {
  test('nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    await check({
      args: ['ls', 's3://', '--endpoint', `http://127.0.0.1:${port}`],
      code: 6,
      says: [`Nothing listens at http://127.0.0.1:${port}`, 'cistern serve'],
    });
  });

  test('a host that is not there', async () => {
    await check({
      args: ['ls', 's3://', '--endpoint', 'http://no-such-host.invalid:9000'],
      code: 6,
      says: ['no host no-such-host.invalid', '--endpoint'],
    });
  });

  test('a certificate that is not trusted, and ports that speak something else', async () => {
    const tls = await startTestServer({ tls: makeCertificate() });
    await check({
      args: ['ls', 's3://', '--endpoint', tls.s3.endpoint],
      code: 6,
      says: ['certificate', 'not trusted', 'NODE_EXTRA_CA_CERTS'],
    });
    await check({
      args: ['ls', 's3://', '--endpoint', endpoint.replace('http:', 'https:')],
      code: 6,
      says: ['does not speak TLS', endpoint],
    });
    const port = await listen((socket) => socket.end('220 mail\r\n'));
    await check({
      args: ['ls', 's3://', '--endpoint', `http://127.0.0.1:${port}`],
      code: 6,
      says: ['does not speak HTTP'],
    });
  });
});

suite('Azure', { skip: withoutAzurite }, () => {
  let emulator: Azurite;
  before(async () => {
    emulator = await startAzurite();
    const { endpoint: at, account, accountKey } = emulator;
    const add = ['--endpoint', at, '--account', account, '--secret-stdin'];
    await home.ok(['remote', 'add', 'blobs', 'az://', ...add], { input: accountKey });
    const wrong = Buffer.from('another key').toString('base64');
    await home.ok(['remote', 'add', 'wrong', 'az://', ...add], { input: wrong });
    await home.ok(['mb', 'blobs:photos']);
  });
  after(() => emulator.stop());

  test('a wrong key, and a mistyped container', async () => {
    await check({
      args: ['ls', 'wrong:photos'],
      code: 4,
      says: [emulator.account, 'kept with the remote wrong', 'The key may be wrong', 'AZURE_STORAGE_KEY'],
    });
    await check({
      args: ['ls', 'blobs:photso'],
      code: 3,
      says: ['no container az://photso', 'Did you mean blobs:photos?'],
    });
  });

  test('a set-up that is right', async () => {
    const text = await home.ok(['doctor', '--write', 'blobs:photos']);
    assert.match(text, /^ok +credentials +devstoreaccount1 \(kept with the remote blobs\)$/m);
    assert.match(text, /^ok +write +Objects can be deleted$/m);
    assert.doesNotMatch(text, /^problem/m);
  });
});
