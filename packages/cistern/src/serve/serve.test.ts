/** @module `cistern serve` as a process: what it prints, how signals end it, and how it refuses to start. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { beginUpload } from '../../../../tests/support/begin-upload.ts';
import { RawConnection } from '../../../../tests/support/raw-http.ts';
import { objectPath, S3 } from '../../../../tests/support/s3.ts';
import { launch } from '../command/launch.testing.ts';
import type { LaunchOptions, Launched } from '../command/launch.testing.ts';

const KEY = { accessKeyId: 'admin', secretAccessKey: 'a-secret-of-this-test' };
const KEY_VARIABLES = {
  CISTERN_ACCESS_KEY_ID: KEY.accessKeyId,
  CISTERN_SECRET_ACCESS_KEY: KEY.secretAccessKey,
};

let folder = '';
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cistern-serve-'));
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[], options: LaunchOptions = {}): Launched {
  const launched = launch(args, { cwd: folder, ...options });
  cleanups.push(async () => {
    launched.child.kill('SIGKILL');
    await launched.exited;
  });
  return launched;
}

interface Serving extends Launched {
  readonly endpoint: string;
  readonly s3: S3;
}

/** With a data directory `data` in the folder of the test, on a free port. */
async function serve(
  environment: Readonly<Record<string, string>> = KEY_VARIABLES,
  args: readonly string[] = [],
): Promise<Serving> {
  const launched = run(['serve', ...args], { environment: { CISTERN_PORT: '0', ...environment } });
  const [, endpoint = ''] = await launched.until(/serves S3 at (\S+)\n/);
  await launched.until(/ls -l s3:\/\/photos\n\n$/);
  const s3 = new S3({ endpoint, credentials: KEY, region: 'us-east-1' });
  cleanups.push(() => s3.close());
  return { ...launched, endpoint, s3 };
}

const BODY = Buffer.alloc(100_000, 'in flight ');

/** An upload that the server has begun to answer, and that waits for its body. */
async function beginBody({ s3 }: Serving): Promise<RawConnection> {
  const connection = await beginUpload(s3, objectPath('photos', 'key'), BODY.length);
  cleanups.push(() => connection.close());
  return connection;
}

/** Resolves when the server drains: it takes no more connections then. */
async function refusesConnections(endpoint: string): Promise<void> {
  await assert.rejects(async () => {
    for (;;) (await RawConnection.open(endpoint)).close();
  });
}

suite('a start', () => {
  test('prints where it serves, and the key that it made, once', async () => {
    const first = await serve({ CISTERN_LOG_LEVEL: 'debug', CISTERN_BUCKETS: 'photos' });
    const file = readFileSync(join(folder, 'data', 'credentials'), 'utf8');
    const accessKeyId = /key_id = (\S+)/.exec(file)?.[1] ?? '';
    const secretAccessKey = /secret_access_key = (\S+)/.exec(file)?.[1] ?? '';
    assert.equal(first.printed.out.split(secretAccessKey).length, 2);
    assert.ok(first.printed.out.includes(accessKeyId));
    assert.ok(first.printed.out.includes('./data/credentials (mode 0600)'));
    const s3 = first.s3.as({ accessKeyId, secretAccessKey });
    assert.equal((await s3.object('PUT', 'photos', 'key', { body: 'x' })).status, 200);
    assert.equal((await s3.object('GET', 'photos', 'key', { auth: 'presigned' })).text, 'x');
    first.child.kill('SIGTERM');
    assert.equal(await first.exited, 0);
    assert.match(first.printed.err, /"operation":"GetObject"/);
    assert.ok(!first.printed.err.includes(secretAccessKey));

    const second = await serve({});
    assert.ok(second.printed.out.includes(accessKeyId));
    second.child.kill('SIGTERM');
    assert.equal(await second.exited, 0);
    assert.ok(!(second.printed.out + second.printed.err).includes(secretAccessKey));
  });

  test('prints no secret that it was given', async () => {
    const server = await serve();
    assert.equal((await server.s3.send('GET', '/')).status, 200);
    server.child.kill('SIGTERM');
    await server.exited;
    assert.ok(!(server.printed.out + server.printed.err).includes(KEY.secretAccessKey));
    assert.ok(!readdirSync(join(folder, 'data')).includes('credentials'));
  });

  test('names a variable that does nothing, and takes an empty one for none', async () => {
    const server = await serve({ ...KEY_VARIABLES, CISTERN_DATA_DIR: 'elsewhere', CISTERN_REGION: '' });
    assert.match(server.printed.err, /CISTERN_DATA_DIR is not a setting and does nothing/);
    assert.match(server.printed.out, /region {6}us-east-1\n/);
  });
});

suite('the end', () => {
  for (const [signal, echo] of [
    ['SIGTERM', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
    ['SIGHUP', 'SIGTERM'],
  ] as const) {
    test(`${signal} lets an upload finish and exits with 0, also when another comes with it`, async () => {
      const server = await serve({ ...KEY_VARIABLES, CISTERN_BUCKETS: 'photos' });
      const upload = await beginBody(server);
      server.child.kill(signal);
      server.child.kill(echo);
      await refusesConnections(server.endpoint);
      await upload.send(BODY);
      assert.equal((await upload.read()).status, 200);
      upload.close();
      assert.equal(await server.exited, 0);

      const again = await serve();
      assert.ok((await again.s3.object('GET', 'photos', 'key')).body.equals(BODY));
    });
  }

  test('a drain that takes long says so, and a second signal then ends at once', async () => {
    const server = await serve({ ...KEY_VARIABLES, CISTERN_BUCKETS: 'photos' });
    const upload = await beginBody(server);
    server.child.kill('SIGINT');
    await server.until(/requests in flight have 30 s.*again ends at once/);
    server.child.kill('SIGINT');
    assert.equal(await server.exited, 1);
    await upload.closed();
  });

  test('nobody has to read what is printed', async () => {
    const server = await serve({ ...KEY_VARIABLES, CISTERN_BUCKETS: 'photos' });
    server.child.stdout.destroy();
    server.child.stderr.destroy();
    // Lines are written some time after their requests: each is one more try.
    for (let i = 0; i < 20; i++) {
      assert.equal((await server.s3.object('PUT', 'photos', `key ${i}`, { body: 'x' })).status, 200);
    }
    const upload = await beginBody(server);
    server.child.kill('SIGHUP');
    await refusesConnections(server.endpoint);
    await upload.send(BODY);
    assert.equal((await upload.read()).status, 200);
    upload.close();
    assert.equal(await server.exited, 0);
  });
});

suite('a start that is refused', () => {
  test('a wrong flag or setting: exit code 2, and nothing is made', async () => {
    for (const [args, environment, expected] of [
      [['serve', '--prot', '1'], {}, /unknown option '--prot'/],
      [['sever'], {}, /Did you mean serve/],
      [['serve', '--port', 'x'], {}, /^cistern: --port: must be/],
      [['serve'], { CISTERN_PORT: 'x' }, /^cistern: CISTERN_PORT: must be/],
      [['serve'], { CISTERN_ACCESS_KEY_ID: 'admin' }, /^cistern: CISTERN_SECRET_ACCESS_KEY: is missing/],
      [['serve', '--tls-cert', 'no.pem', '--tls-key', 'no.pem'], {}, /^cistern: --tls-cert: .*no\.pem/],
    ] as const) {
      const refused = run(args, { environment });
      assert.equal(await refused.exited, 2, args.join(' '));
      assert.match(refused.printed.err, expected);
      assert.equal(refused.printed.out, '');
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  test('help is no mistake', async () => {
    const help = run(['serve', '--help']);
    assert.equal(await help.exited, 0);
    assert.match(help.printed.out, /CISTERN_USERS/);
    assert.equal(help.printed.err, '');
  });

  test('a port in use is named: exit code 1', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    cleanups.push(() => other.close());
    const { port } = other.address() as AddressInfo;
    const refused = run(['serve', '--port', String(port)]);
    assert.equal(await refused.exited, 1);
    assert.match(refused.printed.err, new RegExp(`^cistern: 127\\.0\\.0\\.1:${port} is in use.*--port`));
    assert.equal(refused.printed.out, '');
  });

  test('a credentials file that is broken is named and kept: exit code 1', async () => {
    const file = join(folder, 'credentials');
    writeFileSync(file, 'nothing of use');
    const refused = run(['serve', '--data', folder, '--port', '0']);
    assert.equal(await refused.exited, 1);
    assert.ok(refused.printed.err.includes(`${file} has no aws_access_key_id`), refused.printed.err);
    assert.equal(readFileSync(file, 'utf8'), 'nothing of use');
  });

  // Root may write everywhere: the server runs as somebody else then, who must be able to read the program.
  const id = process.getuid?.() === 0 ? 65_534 : undefined;
  const readable = spawnSync(
    process.execPath,
    ['--eval', `require('fs').readFileSync(${JSON.stringify(import.meta.filename)})`],
    {
      ...(id !== undefined && { uid: id, gid: id }),
    },
  );
  const needsReader = readable.status === 0 ? false : 'another user cannot read this folder';
  test(
    'a data directory that may not be written to is named: exit code 1',
    { skip: needsReader },
    async () => {
      const data = join(folder, 'data');
      for (const [mode, dataDir] of [
        [0o555, data],
        [0o000, join(folder, 'sub', 'data')],
      ] as const) {
        chmodSync(folder, mode);
        const refused = run(['serve', '--data', dataDir, '--port', '0'], {
          cwd: tmpdir(),
          ...(id !== undefined && { id }),
        });
        const code = await refused.exited;
        chmodSync(folder, 0o700);
        assert.equal(code, 1);
        assert.ok(
          refused.printed.err.includes(`cistern: The data directory ${dataDir} cannot be used (EACCES`),
          refused.printed.err,
        );
        assert.match(refused.printed.err, /--data/);
      }
    },
  );

  test('a folder above that may not be listed is no obstacle', { skip: needsReader }, async () => {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir);
    if (id !== undefined) chownSync(dataDir, id, id);
    chmodSync(folder, 0o311);
    const server = run(['serve', '--data', dataDir, '--port', '0'], {
      cwd: tmpdir(),
      ...(id !== undefined && { id }),
    });
    await server.until(/serves S3 at/);
    server.child.kill('SIGTERM');
    assert.equal(await server.exited, 0);
    chmodSync(folder, 0o700);
  });
});
