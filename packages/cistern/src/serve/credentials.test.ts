/** @module The root key of a data directory: made once, kept, for its owner's eyes only, and a broken file is never replaced. */

import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { CREDENTIALS_FILE, makeCredentials, rootKeyOf } from './credentials.ts';

function newDirectory(): { dataDir: string; file: string } {
  const dataDir = mkdtempSync(join(tmpdir(), 'cistern-credentials-'));
  after(() => rmSync(dataDir, { recursive: true, force: true }));
  return { dataDir, file: join(dataDir, CREDENTIALS_FILE) };
}

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

test('a key is made once and kept', () => {
  const { dataDir, file } = newDirectory();
  const first = rootKeyOf(dataDir);
  assert.equal(first.isNew, true);
  assert.equal(first.file, file);
  const second = rootKeyOf(dataDir);
  assert.equal(second.isNew, false);
  assert.deepEqual(second.credentials, first.credentials);
  assert.deepEqual(readdirSync(dataDir), [CREDENTIALS_FILE]);
});

test('it is in the form that AWS tools read', () => {
  const { dataDir, file } = newDirectory();
  const { accessKeyId, secretAccessKey } = rootKeyOf(dataDir).credentials;
  assert.equal(
    readFileSync(file, 'utf8'),
    `[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`,
  );
});

test('only its owner may read it, whatever a copy of it was', () => {
  const { dataDir, file } = newDirectory();
  const made = rootKeyOf(dataDir);
  assert.equal(modeOf(file), '600');
  chmodSync(file, 0o644);
  assert.deepEqual(rootKeyOf(dataDir).credentials, made.credentials);
  assert.equal(modeOf(file), '600');
});

test('every key is another, and only letters and digits', () => {
  const made = Array.from({ length: 100 }, makeCredentials);
  for (const { accessKeyId, secretAccessKey } of made) {
    assert.match(accessKeyId, /^CSTN[0-9A-F]{16}$/);
    assert.match(secretAccessKey, /^[A-Za-z0-9]{40}$/);
  }
  assert.equal(new Set(made.map(({ secretAccessKey }) => secretAccessKey)).size, made.length);
});

test('a file of AWS with other profiles and spaces will do', () => {
  const { dataDir, file } = newDirectory();
  writeFileSync(
    file,
    '# mine\r\n[default]\r\n  aws_access_key_id=admin\r\n  aws_secret_access_key = change-me\r\n',
  );
  assert.deepEqual(rootKeyOf(dataDir).credentials, { accessKeyId: 'admin', secretAccessKey: 'change-me' });
});

test('a broken file is named and left as it is: its key may be in use', () => {
  for (const [text, reason] of [
    ['', /credentials has no aws_access_key_id\. Restore the file, or remove it/],
    ['aws_access_key_id = admin\n', /credentials has no aws_secret_access_key/],
    ['aws_access_key_id = a b\naws_secret_access_key = change-me\n', /has no aws_access_key_id/],
    ['aws_access_key_id = admin\naws_secret_access_key = short\n', /no valid aws_secret_access_key/],
  ] as const) {
    const { dataDir, file } = newDirectory();
    writeFileSync(file, text);
    assert.throws(() => rootKeyOf(dataDir), reason);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
});

test('what cannot be read is named', () => {
  const { dataDir, file } = newDirectory();
  mkdirSync(file);
  assert.throws(() => rootKeyOf(dataDir), /credentials cannot be read.*It holds the root key/);
});

test('the secret is not written through a file or a link that was put in its way', () => {
  const { dataDir, file } = newDirectory();
  const elsewhere = join(newDirectory().dataDir, 'elsewhere');
  writeFileSync(elsewhere, 'as it was', { mode: 0o644 });
  symlinkSync(elsewhere, `${file}.new`);
  const { credentials } = rootKeyOf(dataDir);
  assert.equal(readFileSync(elsewhere, 'utf8'), 'as it was');
  assert.match(readFileSync(file, 'utf8'), new RegExp(credentials.secretAccessKey));
  assert.equal(modeOf(file), '600');
});
