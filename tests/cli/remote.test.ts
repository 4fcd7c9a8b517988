/** @module `cistern remote`: what is kept, how, and that no secret is ever printed. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome, golden, LAUNCHER, shapesOf } from './cli.ts';
import type { Ran, RunOptions } from './cli.ts';

const { s3 } = await startTestServer({ buckets: ['photos'] });
const { endpoint } = s3;
const { accessKeyId, secretAccessKey } = s3.credentials;
const WRONG = 'wr0ng-secret-that-nobody-may-see/+=';

/** Fails as soon as anything that is printed has a secret in it. */
function watched(home: ReturnType<typeof cliHome>): (args: string[], options?: RunOptions) => Promise<Ran> {
  return async (args, options) => {
    const ran = await home.run(args, options);
    for (const secret of [secretAccessKey, WRONG, WRONG.slice(3, -3)]) {
      assert.ok(!`${ran.out}${ran.err}`.includes(secret), `cistern ${args.join(' ')} printed a secret`);
    }
    return ran;
  };
}

function remotesOf(home: ReturnType<typeof cliHome>): Record<string, Record<string, unknown>> {
  const text = readFileSync(join(home.folder, '.config/cistern/remotes.json'), 'utf8');
  return (JSON.parse(text) as { remotes: Record<string, Record<string, unknown>> }).remotes;
}

suite('remote', () => {
  test('keys from standard input are kept for their owner alone, and work', async () => {
    const home = cliHome();
    const run = watched(home);
    const args = ['remote', 'add', 'prod', 's3://', '--endpoint', endpoint, '--access-key-id', accessKeyId];
    const wrong = await run([...args, '--secret-stdin', '--check'], { input: `${WRONG}\n` });
    assert.equal(wrong.code, 4, wrong.err);
    const path = join(home.folder, '.config/cistern/remotes.json');
    assert.ok(!existsSync(path), 'what does not work with --check is not added');
    const added = await run([...args, '--secret-stdin', '--check'], { input: `${secretAccessKey}\nmore` });
    assert.equal(added.code, 0, added.err);
    assert.match(added.err, /prod: it answers, and has 1 bucket\n/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal((await run(['ls', 'prod:'])).out, 'photos/\n');

    const second = await run([...args, '--secret-stdin'], { input: WRONG });
    assert.equal(second.code, 2);
    assert.match(second.err, /a remote prod already/);
    assert.equal((await run([...args, '--secret-stdin', '--overwrite'], { input: WRONG })).code, 0);
    const refused = await run(['ls', 'prod:photos']);
    assert.equal(refused.code, 4, refused.err);

    chmodSync(path, 0o644);
    assert.match((await run(['ls', 'prod:'])).err, /others can read the keys in .*\(mode 644\): chmod 600 /);
    const [listed, shown] = [await run(['remote', 'ls', '--json']), await run(['remote', 'show', 'prod'])];
    assert.match(listed.out, new RegExp(`"keys":{"from":"remote","accessKeyId":"${accessKeyId}"}`));
    assert.match(shown.out, new RegExp(`^keys +kept \\(${accessKeyId}\\)$`, 'm'));

    assert.equal((await run(['remote', 'rename', 'prod', 'old'])).code, 0);
    assert.deepEqual(Object.keys(remotesOf(home)), ['old']);
    const gone = await run(['remote', 'rm', 'odl']);
    assert.equal(gone.code, 3);
    assert.match(gone.err, /no remote odl\. Did you mean old\?/);
    assert.equal((await run(['remote', 'rm', 'old:'])).code, 0);
    assert.deepEqual(remotesOf(home), {});
  });

  test('without keys of its own it uses a profile, a file of credentials, or the environment', async () => {
    const home = cliHome();
    const file = join(home.folder, 'keys.ini');
    const profile = (name: string): string =>
      `[${name}]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    writeFileSync(file, profile('default') + profile('work'));
    const add = async (name: string, ...flags: string[]): Promise<void> =>
      void (await home.ok(['remote', 'add', name, 's3://photos', '--endpoint', endpoint, ...flags]));
    await add('by-file', '--credentials-file', 'keys.ini');
    await add('by-profile', '--credentials-file', 'keys.ini', '--profile', 'work');
    await add('nobody', '--credentials-file', 'keys.ini', '--profile', 'nobody');
    await add('by-env');
    const wrong = { AWS_ACCESS_KEY_ID: 'another', AWS_SECRET_ACCESS_KEY: WRONG };
    for (const name of ['by-file', 'by-profile']) {
      assert.equal(await home.ok(['ls', `${name}:`], { env: wrong }), '', name);
    }
    const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    assert.equal(await home.ok(['ls', 'by-env:'], { env }), '');
    const { code, err } = await home.run(['ls', 'nobody:']);
    assert.equal(code, 4);
    assert.match(err, /no profile nobody in .*keys\.ini/);

    await add('copied', '--from-env').catch(() => undefined);
    assert.equal(remotesOf(home)['copied'], undefined, 'an environment without keys has none to keep');
    await home.ok(['remote', 'add', 'copied', 's3://', '--endpoint', endpoint, '--from-env'], { env });
    assert.equal(await home.ok(['ls', 'copied:']), 'photos/\n');
    await home.ok(['remote', 'add', 'here', './data/']);
    assert.equal(remotesOf(home)['here']?.['url'], `${join(home.folder, 'data')}/`);
    await home.ok(['remote', 'add', 'blobs', 'az://backup', '--account', 'mine', '--secret-stdin'], {
      input: 'sv=1&sig=abc',
    });
    assert.equal(remotesOf(home)['blobs']?.['sasToken'], 'sv=1&sig=abc');
    const table = await home.ok(['remote', 'ls']);
    assert.match(table, /^by-profile: +s3:\/\/photos +http\S+ +keys: profile work of \S+keys\.ini$/m);
    assert.ok(!table.includes('sig='));
    golden('json/remote.txt', shapesOf(await home.json(['remote', 'ls'])));
  });

  test('what is wrong is told, and secrets in wrong places are not repeated', async () => {
    const home = cliHome();
    const run = watched(home);
    const cases: [args: string[], says: RegExp][] = [
      [['s3', 's3://'], /stands for places of its own/],
      [['Prod!', 's3://'], /cannot be the name/],
      [['prod', 'https://host:9000'], /s3:\/\/ --endpoint https:\/\/host:9000/],
      [['prod', `https://me:${WRONG}@host`], /may be a secret/],
      [['prod', `s3://AKIA:${WRONG}@photos`], /may be a secret/],
      [['prod', 's3://', '--endpoint', `https://me:${WRONG}@host`], /may be a secret/],
      [['prod', 's3://', '--endpoint', 'host:9000'], /http: or https: URL/],
      [['prod', 's3://', `--secret-access-key=${WRONG}`], /unknown option '--secret-access-key'/],
      [['prod', 's3://', '--access-key-id', 'a'], /no terminal/],
      [['prod', 's3://', '--access-key-id', 'a', '--secret-stdin'], /no secret access key/],
      [['prod', 's3://', '--secret-stdin'], /--access-key-id must say whose/],
      [['prod', 's3://', '--anonymous', '--profile', 'x'], /one source/],
      [['prod', './folder', '--region', 'x'], /--region means nothing/],
      [['prod', 'mem:'], /gone when the command ends/],
    ];
    for (const [args, says] of cases) {
      const { code, err } = await run(['remote', 'add', ...args]);
      assert.equal(code, 2, `${args.join(' ')}: ${err}`);
      assert.match(err, says);
    }
    for (const place of [
      `https://me:${WRONG}@host/x`,
      `s3://AKIA:${WRONG}@photos`,
      `ftp://me:${WRONG}@host`,
      'file://elsewhere/a',
      'file://?a',
    ]) {
      assert.equal((await run(['ls', place])).code, 2, place);
    }
    const file = join(home.folder, '.config/cistern/remotes.json');
    assert.ok(!existsSync(file));
    mkdirSync(join(home.folder, '.config/cistern'), { recursive: true });
    writeFileSync(file, `{"version":1,"remotes":{"a":{"secretAccessKey":"${WRONG}" broken`);
    const broken = await run(['remote', 'ls']);
    assert.equal(broken.code, 1);
    assert.match(broken.err, /is not a file of remotes/);
    for (const remotes of ['null', '{"prod":null}', '{"prod":{"region":"eu"}}']) {
      writeFileSync(file, `{"version":1,"remotes":${remotes}}`);
      assert.match((await run(['ls', 'prod:a'])).err, /is not a file of remotes/, remotes);
    }
    writeFileSync(file, '{"version":2,"remotes":{}}');
    assert.match((await run(['remote', 'ls'])).err, /written by a newer cistern/);
  });

  const needsProc = !existsSync('/proc/self/fd') && 'needs /proc to see who waits';
  test('a change waits for one that is under way, and loses nothing of it', { skip: needsProc }, async () => {
    const home = cliHome();
    await home.ok(['remote', 'add', 'first', 's3://']);
    const path = join(home.folder, '.config/cistern/remotes.json');
    const other = new DatabaseSync(`${path}.lock`);
    other.exec('BEGIN EXCLUSIVE');
    const child = home.start(['remote', 'add', 'third', 's3://']);
    const exited = once(child, 'exit') as Promise<[number]>;
    await eventually(() => {
      const folder = `/proc/${child.pid}/fd`;
      const open = readdirSync(folder).map((fd) => readlinkSync(join(folder, fd)));
      assert.ok(open.includes(`${path}.lock`), 'it waits for the lock');
    });
    const { first } = remotesOf(home);
    writeFileSync(path, JSON.stringify({ version: 1, remotes: { first, second: first } }));
    other.close();
    assert.deepEqual(await exited, [0, null]);
    assert.deepEqual(Object.keys(remotesOf(home)).sort(), ['first', 'second', 'third']);
  });

  test('several that are added at once are all there, and a file that is a link stays one', async () => {
    const home = cliHome();
    const [file, link] = [join(home.folder, 'real.json'), join(home.folder, 'link.json')];
    writeFileSync(file, '{"version":1,"remotes":{}}');
    symlinkSync(file, link);
    const names = ['one', 'two', 'three', 'four', 'five'];
    const env = { CISTERN_CONFIG: link };
    await Promise.all(names.map((name) => home.ok(['remote', 'add', name, 's3://'], { env })));
    const { remotes } = JSON.parse(readFileSync(file, 'utf8')) as { remotes: object };
    assert.deepEqual(Object.keys(remotes).sort(), names.sort());
  });

  const needsScript = !existsSync('/usr/bin/script') && 'needs script(1) for a terminal';
  test('on a terminal the secret is asked for, and not shown', { skip: needsScript }, async () => {
    const home = cliHome();
    const line = `${process.execPath} ${LAUNCHER} remote add prod s3:// --endpoint ${endpoint} --access-key-id ${accessKeyId}`;
    const child = spawn('/usr/bin/script', ['-qec', line, '/dev/null'], { env: home.env, cwd: home.folder });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      shown += chunk.toString();
      if (!child.stdin.writableEnded && shown.includes('(not shown): ')) child.stdin.end(`${WRONG}\r`);
    });
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 0, shown);
    assert.ok(!shown.includes(WRONG), shown);
    assert.equal(remotesOf(home)['prod']?.['secretAccessKey'], WRONG);
  });
});
