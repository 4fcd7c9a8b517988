/** What is said at the end, in one line. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { summaryText } from './report.ts';
import type { Ending } from './report.ts';
import type { Tally } from './run-transfers.ts';

const MIB = 1024 * 1024;

function ending(tally: Partial<Tally>, rest: Partial<Ending> = {}): Ending {
  const nothing = { copied: 0, bytes: 0, resumedBytes: 0, skipped: 0, failed: 0, remaining: 0 };
  return {
    verb: { name: 'copy', past: 'copied' },
    tally: { ...nothing, failures: [], isPlanned: true, stoppedBy: undefined, ...tally },
    elapsedMs: 4000,
    isInterrupted: false,
    ...rest,
  };
}

suite('summary', () => {
  test('what was done, skipped and failed', () => {
    assert.equal(
      summaryText(ending({ copied: 10_000, bytes: 40 * MIB, skipped: 3, failed: 1_234_567 }), false),
      'Copied 10,000 objects, 40 MiB, in 4 s (10 MiB/s); 3 skipped as the same; 1,234,567 failed:',
    );
    const verb = { name: 'move', past: 'moved' } as const;
    assert.equal(
      summaryText(ending({ copied: 1, bytes: 5 }, { verb, elapsedMs: 20 }), false),
      'Moved 1 object, 5 B, in 0.0 s',
    );
    assert.equal(summaryText(ending({ copied: 2, bytes: 5 }), true), 'Would have copied 2 objects, 5 B');
  });

  test('what an earlier run had moved does not count for the rate', () => {
    assert.equal(
      summaryText(ending({ copied: 1, bytes: 40 * MIB, resumedBytes: 36 * MIB }), false),
      'Copied 1 object, 40 MiB, in 4 s (1 MiB/s); 36 MiB of it in an earlier run',
    );
  });

  test('what remains when it was stopped', () => {
    const stopped = { isInterrupted: true };
    assert.equal(
      summaryText(ending({ copied: 1, bytes: 0, remaining: 1 }, stopped), false),
      'Stopped. Copied 1 object, 0 B, in 4 s; 1 remains: the same command goes on',
    );
    assert.match(
      summaryText(ending({ remaining: 20_000, isPlanned: false }, stopped), false),
      /; 20,000 or more remain: the same command goes on$/,
    );
  });
});
