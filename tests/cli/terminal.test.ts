/** @module The live view of progress on a real terminal: what a person sees while it runs, at its end, and after Ctrl-C. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { startHttpFaults } from '../support/http-faults.ts';
import type { Fault } from '../support/http-faults.ts';
import { startTestServer } from '../support/server.ts';
import { cliHome } from './cli.ts';
import type { CliHome } from './cli.ts';
import { needsTerminal, OnTerminal } from './on-terminal.ts';

const MIB = 1024 * 1024;
const { s3 } = await startTestServer({ buckets: ['box'] });

interface Stage extends AsyncDisposable {
  /** has `photos/`: 00 to 11 of 1 MiB each. In the bucket `00` is another one, and from `04` on writes wait to be let go */
  readonly home: CliHome;
  /** a folder of the bucket */
  readonly target: string;
  letGo(): void;
}

async function setUp(target: string): Promise<Stage> {
  await s3.object('PUT', 'box', `${target}/00`, { body: 'another one' });
  const proxy = await startHttpFaults(s3.endpoint);
  const gate = Promise.withResolvers<void>();
  proxy.rule = async ({ method = '', url = '' }): Promise<Fault> => {
    if (method === 'PUT' && /\/(?:0[4-9]|1\d)\b/.test(url)) await gate.promise;
    return 'pass';
  };
  const home = cliHome({ endpoint: proxy.origin, credentials: s3.credentials });
  mkdirSync(join(home.folder, 'photos'));
  for (let i = 0; i < 12; i++) {
    writeFileSync(join(home.folder, 'photos', String(i).padStart(2, '0')), randomBytes(MIB));
  }
  return {
    home,
    target: `s3://box/${target}`,
    letGo: gate.resolve,
    [Symbol.asyncDispose]: async () => {
      gate.resolve();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

suite('a terminal', { skip: needsTerminal }, () => {
  test('shows the whole, the rate, errors and what is under way; then a summary alone', async () => {
    await using stage = await setUp('seen');
    const args = ['cp', '-r', 'photos', stage.target];
    const terminal = new OnTerminal(stage.home, args, { redirect: '> out.txt' });
    await terminal.shows(
      /^ +\d+% .* of 12 MiB {2}\S+ MiB\/s[^]*^4 of 12 objects {2}1 error$[^]*^ {2}and 3 more$/m,
    );
    const [whole = '', counts, ...current] = terminal.screen.lines;
    assert.match(whole, /^ +\d+% ━+─* {2}[\d.]+ MiB of 12 MiB {2}[\d.]+ [KM]iB\/s(?: {2}\d.* left)?$/);
    assert.equal(counts, '4 of 12 objects  1 error');
    assert.equal(current.length, 6);
    for (const line of current.slice(0, 5)) {
      assert.match(line, /^ {2}\S*photos\/\d\d +[━─]{15} +\d+% {2}[\d.]+ \w+ of 1 MiB$/);
    }
    assert.equal(current[5], '  and 3 more');
    assert.equal(terminal.screen.isCursorShown, false);
    terminal.resize(30);
    await terminal.shows(/^ +\d+% .*\n4 of 12 objects {2}1 error\n(?:.{1,29}\n){5} {2}and 3 more$/);
    stage.letGo();
    assert.equal(await terminal.ended, 1);
    assert.match(terminal.screen.lines[0] ?? '', /^Copied 11 objects, 11 MiB, in /);
    assert.match(terminal.screen.text, /photos\/00: .*is there/);
    assert.doesNotMatch(terminal.screen.text, /%|━/);
    assert.equal(terminal.screen.isCursorShown, true);
    assert.equal(readFileSync(join(stage.home.folder, 'out.txt'), 'utf8'), '');
  });

  test('Ctrl-C ends in order and says what was done; the same command goes on', async () => {
    await using stage = await setUp('stopped');
    const args = ['cp', '-r', 'photos', stage.target, '-f'];
    const terminal = new OnTerminal(stage.home, args, { columns: 40 });
    await terminal.shows(/^4 of 12 objects$/m);
    assert.ok(terminal.screen.lines.every((line) => line.length < 40));
    terminal.press('\x03');
    assert.equal(await terminal.ended, 130);
    const said = terminal.screen.lines.join('');
    assert.match(said, /^(?:\^C)?Stopped\. Copied 4 objects.* 8 remain: the same command goes on$/);
    assert.doesNotMatch(terminal.screen.text, /%/);
    assert.equal(terminal.screen.isCursorShown, true);
    // Past those that wait.
    const again = await stage.home.run(args, { env: { AWS_ENDPOINT_URL: s3.endpoint } });
    assert.equal(again.code, 0, again.err);
    assert.match(again.err, /Copied 8 objects.*; 4 skipped as the same/);
  });

  test('no colours, no view, no words: as it is asked for', async () => {
    await using stage = await setUp('looks');
    const put = (key: string, ...flags: string[]): string[] => [
      'put',
      'photos/00',
      `${stage.target}/${key}`,
      ...flags,
    ];
    const all = [
      new OnTerminal(stage.home, put('04', '--no-color')),
      new OnTerminal(stage.home, put('05'), { env: { NO_COLOR: '1' } }),
      new OnTerminal(stage.home, put('06')),
      new OnTerminal(stage.home, put('07', '--no-progress')),
      new OnTerminal(stage.home, put('08'), { env: { TERM: 'dumb' } }),
      new OnTerminal(stage.home, put('09', '--quiet')),
    ];
    for (const one of all.slice(0, 3)) await one.shows(/% .* of 1 MiB/);
    stage.letGo();
    for (const one of all) assert.equal(await one.ended, 0, one.raw);
    assert.deepEqual(
      all.map(({ raw }) => raw.includes('\u001B[32m')),
      [false, false, true, false, false, false],
    );
    for (const one of all.slice(0, 5)) assert.match(one.screen.text, /^Stored 1 object, 1 MiB in [^\n]+$/);
    assert.deepEqual(
      all.map(({ raw }) => raw.includes('%')),
      [true, true, true, false, false, false],
    );
    assert.equal(all.at(-1)?.raw, '');
  });
});
