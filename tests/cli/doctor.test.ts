/** @module `cistern doctor`: what it finds in set-ups that are right, and in some that are wrong. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { makeCertificate } from '../clients/certificate.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, shapesOf } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos', 'empty'] });
const { endpoint } = s3;
const { accessKeyId, secretAccessKey } = s3.credentials;
const home = cliHome(s3);
await s3.send('PUT', '/photos/a', { body: 'a' });

interface Found {
  readonly code: number | null;
  /** by check: the worst status, and all messages */
  readonly checks: Readonly<Record<string, string>>;
}

async function examine(args: string[], env: Record<string, string> = {}): Promise<Found> {
  const { code, out, err } = await home.run(['doctor', '--json', ...args], { env });
  assert.equal(err, '');
  assert.ok(!out.includes(secretAccessKey));
  const checks: Record<string, string> = {};
  for (const line of out.trim().split('\n')) {
    const { check, status, message, advice } = JSON.parse(line) as Record<string, string>;
    assert.ok(check !== undefined);
    const one = `${status}: ${message}${advice === undefined ? '' : ` | ${advice}`}`;
    checks[check] = checks[check] === undefined ? one : `${checks[check]}\n${one}`;
  }
  return { code, checks };
}

suite('doctor', () => {
  test('a bucket that can be used for all, and that is left as it was', async () => {
    const { code, checks } = await examine(['--write', 's3://photos']);
    const wrong = Object.values(checks).filter((text) => /^(?:problem|warning)/m.test(text));
    assert.deepEqual(wrong, []);
    assert.equal(code, 0);
    const { credentials, clock, signature, bucket, write, features } = checks;
    assert.equal(credentials, `ok: ${accessKeyId} (of AWS_ACCESS_KEY_ID)`);
    assert.match(`${clock} ${signature}`, /^ok: It agrees.* ok: Accepted$/);
    assert.match(bucket ?? '', /can be listed\nok: Objects can be read/);
    assert.match(write ?? '', /written\nok: What is written.*\nok: Objects can be deleted/);
    assert.match(features ?? '', /conditional writes.*\nok: Versioning is off/s);
    assert.equal(await home.ok(['ls', 's3://photos']), 'a\n');
  });

  test('without a place it looks at the service of the environment, if there is one', async () => {
    const text = await home.ok(['doctor']);
    assert.match(text, /^ok +signature +Accepted; there are 2 buckets/m);
    assert.match(text, /\nNothing is wrong\.\n$/);
    assert.match(await cliHome().ok(['doctor']), /^ok +place +None was named/m);
    const records = await home.json(['doctor', 's3://empty'], { env: { HTTP_PROXY: 'http://proxy:1' } });
    assert.match(JSON.stringify(records), /HTTP_PROXY is set, and not used/);
    golden('json/doctor.txt', shapesOf(records));
  });

  test('keys that are wrong, missing or not enough', async () => {
    const wrong = await examine(['s3://photos'], { AWS_SECRET_ACCESS_KEY: 'wrong' });
    assert.equal(wrong.code, 1);
    assert.match(wrong.checks['signature'] ?? '', /^problem: .*the secret of the key .*AWS_ACCESS_KEY_ID/);
    const none = await examine(['s3://photos'], { AWS_ACCESS_KEY_ID: '' });
    assert.match(none.checks['credentials'] ?? '', /^problem: There are none \| Set AWS_ACCESS_KEY_ID/);
    const nobody = await examine(['s3://photos', '--profile', 'nobody']);
    assert.match(nobody.checks['credentials'] ?? '', /^problem: .*no profile nobody/);
    assert.equal(nobody.checks['answer'], undefined);
    const mistyped = await examine(['s3://photso']);
    assert.match(mistyped.checks['bucket'] ?? '', /^problem: .*Did you mean s3:\/\/photos\?/);
  });

  test('what is out of reach, by the step that fails', async () => {
    const cases: [endpoint: string, check: string, says: RegExp][] = [
      ['http://no-such-host.invalid', 'name', /^problem: There is no host/],
      ['http://127.0.0.1:1', 'connection', /^problem: Nothing listens/],
      [endpoint.replace('http:', 'https:'), 'certificate', /^problem: .*does not speak TLS/],
    ];
    for (const [at, check, says] of cases) {
      const { code, checks } = await examine(['s3://', '--endpoint', at]);
      assert.equal(code, 1);
      assert.match(checks[check] ?? '', says);
      assert.equal(checks['signature'], undefined, 'it ends there');
    }
  });

  test('a certificate, trusted and not', async () => {
    const certificate = makeCertificate();
    const tls = await startTestServer({ tls: certificate });
    const file = join(home.folder, 'ca.pem');
    writeFileSync(file, certificate.cert);
    const env = {
      AWS_ENDPOINT_URL: tls.s3.endpoint,
      AWS_ACCESS_KEY_ID: tls.s3.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: tls.s3.credentials.secretAccessKey,
    };
    const unknown = await examine([], env);
    assert.match(unknown.checks['certificate'] ?? '', /^problem: .*not trusted.*NODE_EXTRA_CA_CERTS/);
    const trusted = await examine([], { ...env, NODE_EXTRA_CA_CERTS: file });
    assert.match(trusted.checks['certificate'] ?? '', /^ok: It is trusted, and valid until \d{4}/);
    assert.match(trusted.checks['signature'] ?? '', /^ok/);
  });

  test('a clock that is off', async () => {
    const NODE_OPTIONS = `--import=data:text/javascript,const{now}=Date;Date.now=()=>now.call(Date)-120000`;
    const { code, checks } = await examine(['s3://photos'], { NODE_OPTIONS });
    assert.equal(code, 0, 'two minutes are not too many');
    assert.match(
      checks['clock'] ?? '',
      /^warning: It is 1[12]\d s behind that of the service \| Set the clock/,
    );
  });

  test('remotes: by name, and a file of them that others can read or that is broken', async () => {
    await home.ok(['remote', 'add', 'prod', 's3://photos', '--endpoint', endpoint, '--from-env']);
    const kept = await examine(['prod'], { AWS_ACCESS_KEY_ID: 'other' });
    assert.equal(kept.checks['credentials'], `ok: ${accessKeyId} (kept with the remote prod)`);
    assert.match(kept.checks['bucket'] ?? '', /^ok/);
    const file = join(home.folder, '.config/cistern/remotes.json');
    chmodSync(file, 0o640);
    assert.match((await examine([])).checks['remotes'] ?? '', /^warning: Others .* \| chmod 600/);
    writeFileSync(file, 'broken');
    const broken = await examine(['.']);
    assert.equal(broken.code, 1);
    assert.match(broken.checks['remotes'] ?? '', /^problem: .*not a file of remotes/);
  });

  test('places of this machine', async () => {
    mkdirSync(join(home.folder, 'data'));
    assert.match((await examine(['./data'])).checks['place'] ?? '', /^ok: .*read and written/);
    assert.match((await examine(['zip:new.zip'])).checks['place'] ?? '', /^warning: .*not there yet/);
    writeFileSync(join(home.folder, 'no.zip'), 'not a zip');
    const { code, checks } = await examine(['zip:no.zip']);
    assert.equal(code, 1);
    assert.match(checks['place'] ?? '', /problem: /);
    assert.equal((await home.run(['doctor', 'mem:'])).code, 2);
  });
});
