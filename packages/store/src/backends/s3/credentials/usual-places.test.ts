/** Where keys are found: real files, real variables, and a metadata service on loopback in place of an EC2 instance's. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { parseIni } from './shared-files.ts';
import { usualCredentials, usualRegion } from './usual-places.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-aws-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const files = {
  AWS_CONFIG_FILE: join(folder, 'config'),
  AWS_SHARED_CREDENTIALS_FILE: join(folder, 'credentials'),
  AWS_EC2_METADATA_DISABLED: 'true',
};
writeFileSync(
  files.AWS_CONFIG_FILE,
  `# comment
[default]
region = eu-central-1
s3 =
  addressing_style = path
[profile work]
region=eu-west-1 ; comment
aws_access_key_id = from-config
aws_secret_access_key = x
[profile by-process]
credential_process = ${process.execPath} -p "JSON.stringify({Version:1,AccessKeyId:'from-process',SecretAccessKey:'s#1'})"
[sso-session none]
region = us-east-2
`,
);
writeFileSync(
  files.AWS_SHARED_CREDENTIALS_FILE,
  `[default]
aws_access_key_id = from-default
aws_secret_access_key = a#b=c
[work]
aws_access_key_id = from-work
aws_secret_access_key = secret
aws_session_token = token
`,
);

suite('the usual places of credentials', () => {
  test('the environment comes first', async () => {
    const env = {
      ...files,
      AWS_ACCESS_KEY_ID: 'from-env',
      AWS_SECRET_ACCESS_KEY: 's',
      AWS_SESSION_TOKEN: 't',
    };
    assert.deepEqual(await usualCredentials(env)(), {
      accessKeyId: 'from-env',
      secretAccessKey: 's',
      sessionToken: 't',
    });
    // A profile that was asked for is meant.
    assert.equal((await usualCredentials(env, { profile: 'work' })())?.accessKeyId, 'from-work');
  });

  test('profiles: the default one, by name, and what stands in credentials before what stands in config', async () => {
    assert.deepEqual(await usualCredentials(files)(), {
      accessKeyId: 'from-default',
      secretAccessKey: 'a#b=c',
      sessionToken: undefined,
    });
    assert.deepEqual(await usualCredentials({ ...files, AWS_PROFILE: 'work' })(), {
      accessKeyId: 'from-work',
      secretAccessKey: 'secret',
      sessionToken: 'token',
    });
    await assert.rejects(usualCredentials({ ...files, AWS_PROFILE: 'nobody' })(), {
      code: 'Unauthenticated',
      message: /no profile nobody in .*credentials/,
    });
  });

  test('the region: of the environment, or of the profile', () => {
    assert.equal(usualRegion(files), 'eu-central-1');
    assert.equal(usualRegion(files, { profile: 'work' }), 'eu-west-1');
    assert.equal(usualRegion({ ...files, AWS_REGION: 'sa-east-1' }), 'sa-east-1');
    assert.equal(usualRegion({ ...files, AWS_CONFIG_FILE: join(folder, 'none') }), undefined);
  });

  test('settings of settings and lines without a section are none', () => {
    const sections = parseIni('stray = 1\n[a]\nx = 1\n s3 = 2\n; no = 3\n[a]\nY = 4 # said\n');
    assert.deepEqual(Object.fromEntries(sections.get('a') ?? []), { x: '1', y: '4' });
    assert.equal(sections.size, 1);
  });

  test('nowhere: none', async () => {
    const env = {
      ...files,
      AWS_CONFIG_FILE: join(folder, 'none'),
      AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
    };
    assert.equal(await usualCredentials(env)(), undefined);
  });
});

suite('what AWS’s own package knows', () => {
  /** The package reads the process's own variables. */
  async function withEnvironment<T>(set: Record<string, string>, act: () => Promise<T>): Promise<T> {
    const before = { ...process.env };
    for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
    Object.assign(process.env, set);
    try {
      return await act();
    } finally {
      for (const name of Object.keys(set)) delete process.env[name];
      Object.assign(process.env, before);
    }
  }

  test('a profile’s process', async () => {
    const found = await withEnvironment({ ...files, AWS_PROFILE: 'by-process' }, () =>
      usualCredentials(process.env)(),
    );
    assert.equal(found?.accessKeyId, 'from-process');
    assert.equal(found.secretAccessKey, 's#1');
  });

  test('the metadata service of an instance', async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (request.method === 'PUT') response.end('a-token');
      else if (request.headers['x-aws-ec2-metadata-token'] !== 'a-token') response.writeHead(401).end();
      else if (request.url?.endsWith('/security-credentials/') === true) response.end('a-role');
      else {
        const Expiration = new Date(Date.now() + 3_600_000).toISOString();
        const keys = { AccessKeyId: 'from-instance', SecretAccessKey: 's', Token: 't', Expiration };
        response.end(JSON.stringify({ Code: 'Success', ...keys }));
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const set = {
        AWS_CONFIG_FILE: join(folder, 'none'),
        AWS_SHARED_CREDENTIALS_FILE: join(folder, 'none'),
        AWS_EC2_METADATA_SERVICE_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      };
      const found = await withEnvironment(set, () => usualCredentials(process.env)());
      assert.equal(found?.accessKeyId, 'from-instance');
      assert.equal(found.sessionToken, 't');
      assert.ok(found.expiration instanceof Date, 'it says when the keys end');
      assert.ok(seen.some((line) => line.endsWith('/a-role')));
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });
});
