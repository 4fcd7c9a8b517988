/** @module Settings that are files, come in pairs, or have no flag: TLS, the root key, users. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { OptionError } from '../values/option-error.ts';
import { readSettings } from './settings.ts';
import type { ServeFlags } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-settings-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const FLAGS: ServeFlags = {
  data: 'data',
  host: '127.0.0.1',
  port: '0',
  domain: [],
  region: 'us-east-1',
  buckets: [],
  logLevel: 'silent',
  minThroughput: '1024',
  storageClass: [],
  uploadRetention: '7d',
  reaperIdle: '250',
  blobCache: '256MiB',
  scrubRate: '8MiB',
  scrubInterval: '30d',
  livePartSize: '8MiB',
};

const ALICE = { name: 'alice', accessKeyId: 'ALICE123', secretAccessKey: 'alice-secret' };
const BOB = { name: 'bob', accessKeyId: 'BOB123', secretAccessKey: 'bob-secret-key' };

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Asserts which option is blamed, and for what. */
function refuses(run: () => unknown, option: string, reason: RegExp): void {
  assert.throws(run, (error: unknown) => {
    assert.ok(error instanceof OptionError, String(error));
    assert.equal(error.option, option);
    assert.match(error.reason, reason);
    return true;
  });
}

suite('TLS', () => {
  test('certificate and key are read from their files', () => {
    const [tlsCert, tlsKey] = [file('cert.pem', 'the certificate'), file('key.pem', 'the key')];
    assert.deepEqual(readSettings({ ...FLAGS, tlsCert, tlsKey }, {}).tls, {
      cert: 'the certificate',
      key: 'the key',
    });
  });

  test('one without the other is refused', () => {
    refuses(() => readSettings({ ...FLAGS, tlsCert: 'x' }, {}), 'tls.key', /missing/);
    refuses(() => readSettings({ ...FLAGS, tlsKey: 'x' }, {}), 'tls.cert', /missing/);
  });

  test('a file that is not there is named', () => {
    const tlsCert = join(folder, 'no-such.pem');
    refuses(
      () => readSettings({ ...FLAGS, tlsCert, tlsKey: tlsCert }, {}),
      'tls.cert',
      /cannot be read.*no-such\.pem/,
    );
  });
});

suite('the root key', () => {
  const [CISTERN_ACCESS_KEY_ID, CISTERN_SECRET_ACCESS_KEY] = ['admin', 'change-me'];

  test('is set by two variables', () => {
    assert.deepEqual(readSettings(FLAGS, { CISTERN_ACCESS_KEY_ID, CISTERN_SECRET_ACCESS_KEY }).credentials, {
      accessKeyId: 'admin',
      secretAccessKey: 'change-me',
    });
  });

  test('half of it is refused: the other half would be made up', () => {
    refuses(
      () => readSettings(FLAGS, { CISTERN_ACCESS_KEY_ID }),
      'credentials.secretAccessKey',
      /missing.*both/,
    );
    refuses(
      () => readSettings(FLAGS, { CISTERN_SECRET_ACCESS_KEY }),
      'credentials.accessKeyId',
      /missing.*both/,
    );
  });
});

suite('users', () => {
  test('come from a file, from a variable, or from both', () => {
    const users = file('users.json', JSON.stringify([ALICE]));
    const CISTERN_USERS = JSON.stringify([BOB]);
    const names = (flags: ServeFlags, environment: NodeJS.ProcessEnv): string[] =>
      (readSettings(flags, environment).users ?? []).map(({ name }) => name);
    assert.deepEqual(names({ ...FLAGS, users }, {}), ['alice']);
    assert.deepEqual(names(FLAGS, { CISTERN_USERS }), ['bob']);
    assert.deepEqual(names({ ...FLAGS, users }, { CISTERN_USERS }), ['alice', 'bob']);
  });

  test('a file that is not there, or is no list, is named', () => {
    const missing = join(folder, 'nobody.json');
    refuses(() => readSettings({ ...FLAGS, users: missing }, {}), 'users', /nobody\.json/);
    const users = file('broken.json', '{"name": "alice"');
    refuses(() => readSettings({ ...FLAGS, users }, {}), 'users', /broken\.json is not JSON/);
  });

  test('a file name in CISTERN_USERS is told where it belongs', () => {
    refuses(() => readSettings(FLAGS, { CISTERN_USERS: 'users.json' }), 'users', /CISTERN_USERS_FILE/);
  });
});
