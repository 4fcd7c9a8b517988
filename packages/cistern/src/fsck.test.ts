/** `cistern fsck` as a user runs it: what it prints, and its exit codes. */

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { launch } from './launch.testing.ts';
import { startServer } from './index.ts';

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

  test('documents each exit code and flag that it has', async () => {
    const { code, out } = await run(['--help']);
    assert.equal(code, 0);
    for (const flag of ['--data', '--quick', '--json']) assert.ok(out.includes(flag), flag);
    assert.match(out, /Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 /);
    const help = readFileSync(new URL('./fsck-help.txt', import.meta.url), 'utf8');
    assert.ok(out.includes(help.trim()));
  });
});
