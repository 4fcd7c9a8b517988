/** What a reader of a test run sees last. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingLines } from './closing-lines.ts';

const REPORT = `TAP version 13
# Subtest: clients
    # Subtest: s3cmd lists
    ok 1 - s3cmd lists # SKIP s3cmd is not installed
      ---
      duration_ms: 0.1
      ...
    # Subtest: s3cmd copies
    ok 2 - s3cmd copies # SKIP s3cmd is not installed
ok 1 - clients
ok 2 - silent # SKIP
1..2
# tests 4
# suites 0
# pass 1
# fail 0
# cancelled 0
# skipped 3
# todo 0
# duration_ms 12.5
`;

test('the counts are repeated as the runner wrote them', () => {
  assert.match(closingLines(REPORT), /# tests 4\n# suites 0\n# pass 1\n# fail 0\n/);
});

test('skips are counted by reason, and one without a reason is named', () => {
  const lines = closingLines(REPORT).split('\n');
  assert.ok(lines.includes('skipped 2: s3cmd is not installed'));
  assert.ok(lines.includes('skipped 1: silent: no reason given'));
});
