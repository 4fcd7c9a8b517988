/** @module What goes to standard error: on a terminal the view and lines above it; else a line now and then for long work; nothing where it was asked for. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Screen } from '../../../../tests/support/screen.ts';
import { Cli } from '../command/cli.ts';
import { Progress } from './progress.ts';
import { showProgress } from './progress-view.ts';
import type { ProgressFlags } from './progress-view.ts';

const MIB = 1024 * 1024;

/** Half of the work is done when `seconds` have passed. @returns what was written by then, and at the end */
function work(context: TestContext, flags: ProgressFlags, seconds: number): [string, string] {
  context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  let nowMs = 0;
  const progress = new Progress(() => nowMs);
  let text = '';
  const write = (line: string): void => {
    text += line;
  };
  const stderr = Object.assign(new EventEmitter(), { isTTY: false, write }) as unknown as NodeJS.WriteStream;
  const { stdin, stdout } = process;
  const cli = new Cli({ env: {}, stdin, stdout, stderr });
  const view = showProgress(cli, progress, flags);
  progress.total(2, 200 * MIB, true);
  const item = progress.begin('a', 100 * MIB);
  for (let second = 0; second < seconds; second++) {
    nowMs += 1000;
    item.add((100 * MIB) / seconds);
    context.mock.timers.tick(1000);
  }
  const during = text;
  text = '';
  view.log('a note');
  item.done();
  cli.warn('a warning');
  view.close('Copied');
  view.close('Copied');
  return [during, text];
}

suite('progress that is not on a terminal', () => {
  test('is a line every ten seconds, and a summary', (context) => {
    const [during, after] = work(context, {}, 25);
    assert.equal(
      during,
      '40 MiB of 200 MiB, 0 of 2 objects, 20%, 4 MiB/s, 40 s left\n' +
        '80 MiB of 200 MiB, 0 of 2 objects, 40%, 4 MiB/s, 30 s left\n',
    );
    assert.equal(after, 'a note\ncistern: a warning\nCopied 1 object, 100 MiB in 25 s (4 MiB/s)\n');
  });

  test('is nothing for short work', (context) => {
    assert.deepEqual(work(context, {}, 9), ['', 'a note\ncistern: a warning\n']);
  });

  test('is nothing where it was asked for; warnings are', (context) => {
    assert.deepEqual(work(context, { progress: false }, 25), ['', 'a note\ncistern: a warning\n']);
    context.mock.timers.reset();
    assert.deepEqual(work(context, { quiet: true }, 25), ['', 'cistern: a warning\n']);
    context.mock.timers.reset();
    assert.deepEqual(work(context, { json: true }, 25), ['', 'cistern: a warning\n']);
  });
});

test('on a terminal what is said stands above the view', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] });
  const screen = new Screen(60);
  const write = (text: string): void => screen.write(text.replaceAll('\n', '\r\n'));
  const stderr = Object.assign(new EventEmitter(), { isTTY: true, columns: 60, rows: 24, write });
  const { stdin, stdout } = process;
  const cli = new Cli({
    env: { LANG: 'C.UTF-8' },
    stdin,
    stdout,
    stderr: stderr as unknown as NodeJS.WriteStream,
  });
  const progress = new Progress(() => 0);
  const view = showProgress(cli, progress, { color: false });
  const item = progress.begin('film.mp4', 2 * MIB);
  progress.total(1, 2 * MIB, true);
  cli.warn('before it is drawn');
  context.mock.timers.tick(250);
  while (screen.lines.length < 3) await turn();
  assert.equal(screen.text, `cistern: before it is drawn\n  0% ${'─'.repeat(40)}  0 B of 2 MiB\n  film.mp4`);
  cli.warn('while it is');
  view.log('and a note');
  item.add(MIB);
  context.mock.timers.tick(100);
  const half = `${'━'.repeat(19)}${'─'.repeat(19)}`;
  const said = 'cistern: before it is drawn\ncistern: while it is\nand a note';
  assert.equal(screen.text, `${said}\n 50% ${half}  1 MiB of 2 MiB\n  film.mp4`);
  item.done();
  view.close();
  cli.warn('after');
  assert.equal(screen.text, `${said}\ncistern: after`);
});
