/** What `sync` makes of things that are no objects: nothing may be deleted while a part of the source is not known. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Cli } from '../command/cli.ts';
import { SyncReport } from './sync-report.ts';
import type { SyncFlags } from './sync-flags.ts';

/** @returns what is said, and the exit code */
async function told(
  flags: SyncFlags,
  act: (report: SyncReport) => void,
): Promise<{ text: string; code: number }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const cli = new Cli({
    env: {},
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    stdin: process.stdin,
  });
  const report = new SyncReport(cli, flags);
  act(report);
  await report.end(undefined);
  stderr.end();
  return { text: await text(stderr), code: cli.exitCode };
}

test('a folder that may not be read is a failure; with --delete it ends all of it', async () => {
  const { text: said, code } = await told({ quiet: true }, (report) =>
    report.onSkipped('/data/closed', 'unreadable'),
  );
  assert.equal(code, 1);
  assert.match(said, /1 failed:\n {2}\/data\/closed .*may not be read/);
  await told({ delete: true }, (report) => {
    assert.throws(() => report.onSkipped('/data/closed', 'unreadable'), /may not be read/);
  });
});

test('links are told and no failure; not to those who want quiet, or JSON', async () => {
  const link = (report: SyncReport): void => report.onSkipped('/data/link', 'link');
  const { text: said, code } = await told({}, link);
  assert.equal(code, 0);
  assert.match(said, /\/data\/link is left out: it is a symbolic link/);
  assert.equal((await told({ quiet: true }, link)).text, '');
  assert.equal((await told({ json: true }, link)).text, '');
});
