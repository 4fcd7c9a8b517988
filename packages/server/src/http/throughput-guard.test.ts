/** Stalled clients, by a clock that the tests move. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';

import { ThroughputGuard } from './throughput-guard.ts';
import type { Transfer } from './throughput-guard.ts';

const RULE = { bytesPerSecondMin: 1000, windowMs: 10_000 };

interface Fixture {
  readonly guard: ThroughputGuard;
  /** Moves the clock, and has the guard look. */
  readonly pass: (milliseconds: number) => void;
  /** Transfers that were told that they stall, in order. */
  readonly stalled: string[];
  readonly watch: (name: string) => Transfer;
}

function setUp(t: TestContext, rule = RULE): Fixture {
  let nowMs = 5000;
  const guard = new ThroughputGuard(rule, () => nowMs);
  t.after(() => guard.close());
  const stalled: string[] = [];
  return {
    guard,
    pass: (milliseconds) => {
      nowMs += milliseconds;
      guard.look();
    },
    stalled,
    watch: (name) => guard.watch(() => stalled.push(name)),
  };
}

suite('a transfer', () => {
  test('that moves nothing stalls after a whole window, and is told so once', (t) => {
    const { pass, stalled, watch } = setUp(t);
    watch('idle');
    pass(9999);
    assert.deepEqual(stalled, []);
    pass(1);
    assert.deepEqual(stalled, ['idle']);
    pass(20_000);
    assert.deepEqual(stalled, ['idle']);
  });

  test('just fast enough goes on for ever, a byte slower stalls', (t) => {
    const { pass, stalled, watch } = setUp(t);
    const [enough, less] = [watch('enough'), watch('less')];
    for (let i = 0; i < 10; i++) {
      enough.bytes += 10_000;
      less.bytes += 9999;
      pass(10_000);
      assert.deepEqual(stalled, ['less']);
    }
  });

  test('is not saved by what it moved in an earlier window', (t) => {
    const { pass, stalled, watch } = setUp(t);
    const transfer = watch('fast at first');
    transfer.bytes += 1_000_000;
    pass(10_000);
    pass(9000);
    assert.deepEqual(stalled, []);
    pass(1000);
    assert.deepEqual(stalled, ['fast at first']);
  });

  test('that pauses within a window and makes up for it does not stall', (t) => {
    const { pass, stalled, watch } = setUp(t);
    const transfer = watch('pausing');
    for (let i = 0; i < 5; i++) {
      pass(8000);
      transfer.bytes += 10_000;
      pass(2000);
    }
    assert.deepEqual(stalled, []);
  });

  test('that waits for the server does not stall, and has a whole window after that', (t) => {
    const { pass, stalled, watch } = setUp(t);
    const transfer = watch('held up');
    transfer.waitingForUs = true;
    pass(60_000);
    pass(9000);
    transfer.waitingForUs = false;
    pass(9999);
    assert.deepEqual(stalled, []);
    pass(1);
    assert.deepEqual(stalled, ['held up']);
  });

  test('that has ended is not looked at any more, and the others are', (t) => {
    const { guard, pass, stalled, watch } = setUp(t);
    const ended = watch('ended');
    watch('going on');
    guard.end(ended);
    guard.end(ended);
    pass(10_000);
    assert.deepEqual(stalled, ['going on']);
  });

  test('has a window of its own from when it begins', (t) => {
    const { pass, stalled, watch } = setUp(t);
    watch('first');
    pass(6000);
    watch('second');
    pass(6000);
    assert.deepEqual(stalled, ['first']);
    pass(4000);
    assert.deepEqual(stalled, ['first', 'second']);
  });
});

test('a rule of no bytes a second lets everything wait', (t) => {
  const { pass, stalled, watch } = setUp(t, { bytesPerSecondMin: 0, windowMs: 10_000 });
  watch('idle');
  for (let i = 0; i < 10; i++) pass(10_000);
  assert.deepEqual(stalled, []);
});

test('it looks by itself, often enough for its window, until it is closed', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let nowMs = 0;
  const guard = new ThroughputGuard({ bytesPerSecondMin: 1, windowMs: 300 }, () => nowMs);
  const stalled: string[] = [];
  const pass = (milliseconds: number): void => {
    nowMs += milliseconds;
    t.mock.timers.tick(milliseconds);
  };
  guard.watch(() => stalled.push('first'));
  pass(150);
  pass(150);
  assert.deepEqual(stalled, ['first']);
  guard.watch(() => stalled.push('second'));
  guard.close();
  pass(3000);
  assert.deepEqual(stalled, ['first']);
});
