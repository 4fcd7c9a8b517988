/** @module What is counted of work under way: against a clock of the test's own. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Progress } from './progress.ts';
import type { Item } from './progress.ts';

/** A clock that goes when it is told to. */
function withClock(): { progress: Progress; pass: (ms: number) => void } {
  let nowMs = 1000;
  const progress = new Progress(() => nowMs);
  return { progress, pass: (ms) => (nowMs += ms) };
}

function end(item: Item | undefined, how: 'done' | 'skip' | 'fail'): void {
  item?.[how]();
}

suite('progress', () => {
  test('objects and bytes are done, skipped or failed, and all of them settled in the end', () => {
    const { progress } = withClock();
    progress.total(4, 400, true);
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => progress.begin(name, 100));
    a?.add(60);
    a?.add(40);
    end(a, 'done');
    end(b, 'skip');
    c?.add(30);
    assert.deepEqual(progress.snapshot().bytes, { total: 400, done: 130, skipped: 100, failed: 0 });
    end(c, 'fail');
    d?.add(50);
    const { objects, bytes, current } = progress.snapshot();
    assert.deepEqual(objects, { total: 4, done: 1, skipped: 1, failed: 1 });
    assert.deepEqual(bytes, { total: 400, done: 150, skipped: 100, failed: 100 });
    assert.deepEqual(current, [{ name: 'd', size: 100, done: 50 }]);
  });

  test('what an object says after its end changes nothing', () => {
    const { progress } = withClock();
    const item = progress.begin('a', 10);
    item.add(10);
    item.done();
    item.add(5);
    item.fail();
    item.done();
    const { objects, bytes } = progress.snapshot();
    assert.deepEqual(objects, { total: 1, done: 1, skipped: 0, failed: 0 });
    assert.equal(bytes.done, 10);
  });

  test('totals grow with what is begun, and with objects longer than they were listed', () => {
    const { progress } = withClock();
    progress.total(1, 10, false);
    const first = progress.begin('a', 10);
    progress.begin('b', 20);
    assert.equal(progress.snapshot().objects.total, 2);
    assert.equal(progress.snapshot().bytes.total, 30);
    first.add(15);
    first.done();
    assert.equal(progress.snapshot().bytes.total, 35);
    const stream = progress.begin('pipe', undefined);
    stream.add(100);
    stream.done();
    assert.deepEqual(progress.snapshot().bytes, { total: 135, done: 115, skipped: 0, failed: 0 });
  });

  test('the rate is that of the last seconds, without what an earlier run had moved', () => {
    const { progress, pass } = withClock();
    progress.total(1, 10_000, true);
    const item = progress.begin('a', 10_000);
    item.add(5000, true);
    assert.equal(progress.snapshot().bytesPerSecond, undefined);
    for (let second = 0; second < 20; second++) {
      pass(1000);
      item.add(second < 10 ? 10 : 200);
    }
    const { bytesPerSecond, secondsLeft, resumedBytes, elapsedMs } = progress.snapshot();
    assert.equal(bytesPerSecond, 200);
    assert.equal(secondsLeft, (10_000 - 5000 - 100 - 2000) / 200);
    assert.equal(resumedBytes, 5000);
    assert.equal(elapsedMs, 20_000);
    pass(20_000);
    assert.equal(progress.snapshot().bytesPerSecond, 0);
    assert.equal(progress.snapshot().secondsLeft, undefined);
  });

  test('time left is not told before the totals are, and of empty objects by their number', () => {
    const { progress, pass } = withClock();
    progress.total(2, 0, false);
    progress.begin('a', 0).done();
    pass(1000);
    assert.equal(progress.snapshot().secondsLeft, undefined);
    progress.total(3, 0, true);
    assert.equal(progress.snapshot().secondsLeft, 2);
  });
});
