/** `cistern fsck` as a user runs it: what it prints, and its exit codes. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { launch } from '../command/launch.testing.ts';
import { startServer } from '../index.ts';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(args: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const { printed, exited } = launch(['fsck', ...args], { environment });
  const code = await exited;
  return { code, ...printed };
}

function temporary(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-fsck-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** A data directory with one bucket, closed. */
async function stored(t: TestContext): Promise<string> {
  const dataDir = temporary(t);
  const server = await startServer({ dataDir, buckets: ['photos'] });
  await server.close();
  return dataDir;
}

suite('cistern fsck', () => {
  test('says that a store is well, and ends with 0', async (t) => {
    const dataDir = await stored(t);
    const files = readdirSync(dataDir);
    const { code, out, err } = await run(['--data', dataDir]);
    assert.equal(err, '');
    assert.match(out, /nothing is wrong\.\n\n {2}1 bucket, 0 snapshots, 0 versions, 0 open uploads\n/);
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(dataDir), files);
  });

  test('names each problem, and ends with 1', async (t) => {
    const dataDir = await stored(t);
    writeFileSync(join(dataDir, 'blobs', 'note\u001B[2J'), 'x');
    const { code, out } = await run(['--data', dataDir]);
    assert.match(out, /^file-orphaned "blobs\/note\\u001b\[2J": The file is none that a server makes\.\n/);
    assert.match(out, /: 1 problem\.\n/);
    assert.equal(code, 1);
  });

  test('prints one JSON document and nothing else when asked for it', async (t) => {
    const dataDir = await stored(t);
    writeFileSync(join(dataDir, 'blobs', 'note'), 'x');
    const { code, out } = await run(['--json', '--quick'], { CISTERN_DATA: dataDir });
    const report = JSON.parse(out) as Record<string, unknown>;
    assert.equal(report['format'], 1);
    assert.equal(report['clean'], false);
    assert.equal(report['quick'], true);
    assert.deepEqual(report['problems'], [
      { kind: 'file-orphaned', message: 'The file is none that a server makes.', path: 'blobs/note' },
    ]);
    assert.equal(code, 1);
  });

  test('ends with 2 where there is nothing to check, and makes nothing there', async (t) => {
    const directory = temporary(t);
    const missing = await run(['--data', join(directory, 'none')]);
    assert.match(missing.err, /no such directory/);
    assert.equal(missing.code, 2);
    assert.deepEqual(readdirSync(directory), []);
    const empty = await run(['--data', directory]);
    assert.match(empty.err, /There is no catalog/);
    assert.equal(empty.code, 2);
    assert.equal((await run(['--no-such-flag'])).code, 2);
  });

  test('asks the server that uses the directory, and says so when it is not told to', async (t) => {
    const dataDir = temporary(t);
    const users = [{ name: 'alice', accessKeyId: 'ALICE', secretAccessKey: 'alice-secret' }];
    const server = await startServer({ dataDir, buckets: ['photos'], users });
    t.after(() => server.close());
    const refused = await run(['--data', dataDir]);
    assert.match(refused.err, /in use\. Ask the server that uses it.* --endpoint http/);
    assert.equal(refused.code, 2);

    const live = ['--data', dataDir, '--endpoint', server.endpoint];
    const clean = await run(live);
    assert.equal(clean.err, '');
    assert.match(clean.out, /nothing is wrong\.\n\n {2}1 bucket,/);
    assert.equal(clean.code, 0);
    writeFileSync(join(dataDir, 'blobs', 'note'), 'x');
    const found = await run([...live, '--json', '--quick']);
    const { mode, quick, problemCount } = JSON.parse(found.out) as Record<string, unknown>;
    assert.deepEqual({ mode, quick, problemCount }, { mode: 'live', quick: true, problemCount: 1 });
    assert.equal(found.code, 1);

    const alice = { AWS_ACCESS_KEY_ID: 'ALICE', AWS_SECRET_ACCESS_KEY: 'alice-secret' };
    const denied = await run(live, alice);
    assert.match(denied.err, /403 Only root may use the API/);
    assert.equal(denied.code, 2);
    const nobody = await run(['--data', join(dataDir, 'tmp'), '--endpoint', server.endpoint]);
    assert.match(nobody.err, /root's key/);
    const wrong = await run(['--data', dataDir, '--endpoint', 'localhost']);
    assert.match(wrong.err, /must be a URL/);
    const nowhere = await run(['--data', dataDir, '--endpoint', 'http://127.0.0.1:1']);
    assert.match(nowhere.err, /cannot be asked/);
    assert.deepEqual([nobody.code, wrong.code, nowhere.code], [2, 2, 2]);
  });

  test('documents each exit code and flag that it has', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    for (const flag of ['--data', '--endpoint', '--region', '--storage-class', '--quick', '--json'])
      assert.ok(out.includes(flag), flag);
    assert.match(out, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
    const help = readFileSync(new URL('./fsck-help.txt', import.meta.url), 'utf8');
    assert.ok(out.includes(help.trim()));
  });
});
