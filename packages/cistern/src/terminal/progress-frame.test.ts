/** @module The live view as it stands on screens of several widths, and progress in one line. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import stringWidth from 'string-width';
import { progressFrame } from './progress-frame.ts';
import type { FrameOptions } from './progress-frame.ts';
import { progressLine, summaryLine } from './progress-text.ts';
import { Progress } from './progress.ts';
import type { ProgressSnapshot } from './progress.ts';

const MIB = 1024 * 1024;

/** 120 of 1,200 objects in 24 s, and what people call their files under way. */
function busy(): ProgressSnapshot {
  let nowMs = 0;
  const progress = new Progress(() => nowMs);
  progress.total(1200, 4096 * MIB, true);
  for (let i = 0; i < 120; i++) {
    const item = progress.begin(`done ${i}`, 10 * MIB);
    item.add(10 * MIB);
    item.done();
    nowMs += 200;
  }
  for (const how of ['skip', 'fail', 'fail'] as const) progress.begin('', 5)[how]();
  progress.begin('photos/2026/a folder with a very long name/DSC_0001.jpg', 20 * MIB).add(12 * MIB);
  progress.begin('写真/古い写真.jpg', 700 * MIB).add(699.5 * MIB);
  progress.begin('\u001B[2J', 0);
  progress.begin('pipe', undefined).add(123_456);
  for (const name of ['a', 'b', 'c']) progress.begin(name, 1024);
  return progress.snapshot();
}

function frame(snapshot: ProgressSnapshot, columns: number, options: Partial<FrameOptions> = {}): string {
  const plain = { columns, rows: 24, isUnicode: true, paint: (_: unknown, text: string) => text };
  return progressFrame(snapshot, { ...plain, ...options }).join('\n');
}

suite('the live view', () => {
  test('on 80 columns', () => {
    const expected = `
 46% ━━━━━━━━━━━━━━━──────────────────  1.87 GiB of 4 GiB  119 MiB/s  18 s left
123 of 1200 objects  1 skipped  2 errors
  … a very long name/DSC_0001.jpg  ━━━━━━━━━──────  60%  12 MiB of 20 MiB
  写真/古い写真.jpg                ━━━━━━━━━━━━━━─  99%  700 MiB of 700 MiB
  \\u{1b}[2J                                              0 B
  pipe                                                   121 KiB
  a                                ───────────────   0%  0 B of 1 KiB
  and 2 more`;
    assert.equal(`\n${frame(busy(), 80)}`, expected);
  });

  test('on 40 columns, without the signs of Unicode', () => {
    const expected = `
 46% #####-------  119 MiB/s  18 s left
1 skipped  2 errors
  ... very long name/DSC_0001.jpg   60%
  写真/古い写真.jpg                 99%
  \\u{1b}[2J
  pipe
  a                                  0%
  and 2 more`;
    assert.equal(`\n${frame(busy(), 40, { isUnicode: false })}`, expected);
  });

  test('no line is wider than any screen, nor are all lines taken', () => {
    for (let columns = 1; columns <= 130; columns++) {
      for (const line of frame(busy(), columns).split('\n')) {
        assert.ok(stringWidth(line) < Math.max(2, columns), `${columns}: ${JSON.stringify(line)}`);
      }
    }
    for (const rows of [1, 4, 6]) {
      const lines = frame(busy(), 80, { rows }).split('\n');
      assert.ok(lines.length <= Math.max(2, rows), `${lines.length} lines on ${rows}`);
    }
  });

  test('of one object the name, of a whole that is not known no share', () => {
    let nowMs = 0;
    const progress = new Progress(() => nowMs);
    const item = progress.begin('film.mp4', 100 * MIB);
    progress.total(1, 100 * MIB, true);
    item.add(25 * MIB);
    nowMs = 1000;
    assert.equal(
      frame(progress.snapshot(), 60),
      ' 25% ━━━────────────  25 MiB of 100 MiB  25 MiB/s  3 s left\n  film.mp4',
    );
    item.add(75 * MIB);
    assert.match(frame(progress.snapshot(), 60), /^ 99% /);

    const pipe = new Progress(() => nowMs);
    const flow = pipe.begin('standard input', undefined);
    flow.add(3 * MIB);
    assert.equal(frame(pipe.snapshot(), 60), '3 MiB\n  standard input');
    const listing = new Progress(() => nowMs);
    listing.total(1000, 5000 * MIB, false);
    assert.equal(frame(listing.snapshot(), 60), '0 B of 4.88+ GiB\n0 of 1000+ objects');
  });

  test('errors are red, where there are colours', () => {
    const painted = frame(busy(), 60, { paint: (format, text) => `<${format} ${text}>` });
    assert.match(painted, /<bold {2}46%> <green ━+><dim ─+>/);
    assert.match(painted, /1 skipped {2}<red 2 errors>/);
  });
});

test('one line says the same', () => {
  const line = '1.87 GiB of 4 GiB, 123 of 1200 objects, 46%, 119 MiB/s, 18 s left, 2 errors';
  assert.equal(progressLine(busy()), line);
  const summary = 'Copied 120 objects, 1.87 GiB in 24 s (79.7 MiB/s), 1 skipped, 2 errors';
  assert.equal(summaryLine('Copied', busy()), summary);
});

test('what an earlier run had moved is told apart', () => {
  let nowMs = 0;
  const progress = new Progress(() => nowMs);
  const item = progress.begin('a', 10 * MIB);
  item.add(6 * MIB, true);
  item.add(4 * MIB);
  item.done();
  nowMs = 2000;
  const summary = 'Copied 1 object, 10 MiB in 2 s (2 MiB/s), 6 MiB of it in an earlier run';
  assert.equal(summaryLine('Copied', progress.snapshot()), summary);
});
