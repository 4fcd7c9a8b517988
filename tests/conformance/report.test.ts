/** @module What the plugin writes becomes one verdict a test. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { report } from './report.ts';
import { parseResults } from './results.ts';

interface Line {
  name: string;
  phase?: string;
  outcome?: string;
  message?: string;
  refused?: string[];
}

function results(...lines: Line[]): ReturnType<typeof parseResults> {
  const whole = lines.map((line) =>
    JSON.stringify({
      file: 'test_s3.py',
      markers: [],
      phase: 'call',
      outcome: 'failed',
      message: 'it did not',
      refused: [],
      ...line,
    }),
  );
  return parseResults(`${whole.join('\n')}\n`);
}

const expected = { deviations: new Map([['odd', 'S3 does otherwise']]) };

test('a test that cannot be set up or cleaned up has failed, whatever it said itself', () => {
  const [first, second, third] = results(
    { name: 'a', outcome: 'passed' },
    { name: 'a', phase: 'teardown', message: 'a bucket is left' },
    { name: 'b', phase: 'setup', message: 'no server' },
    { name: 'c' },
    { name: 'c', phase: 'teardown', message: 'a bucket is left' },
  );
  assert.deepEqual([first?.outcome, first?.message], ['failed', 'teardown: a bucket is left']);
  assert.deepEqual([second?.outcome, second?.message], ['failed', 'setup: no server']);
  assert.equal(third?.message, 'it did not', 'what went wrong first');
});

test('refused requests are told without the names in them', () => {
  const refused = [
    'GET /?usage',
    'PUT /b?acl',
    'PUT /b/k/l?tagging&versionId=7',
    'GET /b/k?X-Amz-Date=1',
    'Signature Version 2',
  ];
  assert.deepEqual(results({ name: 'a', refused })[0]?.refused, [
    'GET service ?usage',
    'PUT bucket ?acl',
    'PUT object ?tagging&versionId',
    'GET object',
    'Signature Version 2',
  ]);
});

test('a failure counts unless what was asked for is not served or the reason is known', () => {
  const known = results(
    { name: 'fine', outcome: 'passed' },
    { name: 'odd' },
    { name: 'acl', refused: ['PUT /b?acl'] },
    { name: 'none', outcome: 'skipped' },
  );
  assert.equal(report(known, expected).asExpected, true);
  assert.match(report(known, expected).text, /odd: S3 does otherwise[^]*FAILED, in scope\n\n/);
  const { text, asExpected } = report(results({ name: 'broken' }), expected);
  assert.equal(asExpected, false);
  assert.match(text, /FAILED, in scope\n {2}broken: it did not\n/);
});

test('an expected failure that passes is told, so that it does not stay on the list', () => {
  assert.equal(report(results({ name: 'odd', outcome: 'passed' }), expected).asExpected, false);
});

test('no results are no success', () => assert.equal(report([], expected).asExpected, false));
