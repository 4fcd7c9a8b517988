/** @module Range arithmetic. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { resolveRange } from './range.ts';

function resolve(header: string | undefined, size: number): string {
  const { start, end, partial } = resolveRange(header, size);
  return partial ? `${start}-${end - 1}/${size}` : `whole ${start}-${end}`;
}

test('what a range selects', () => {
  for (const [header, expected] of [
    ['bytes=0-0', '0-0/10'],
    ['bytes=2-5', '2-5/10'],
    ['bytes=9-', '9-9/10'],
    ['bytes=4-1000', '4-9/10'],
    ['bytes=-3', '7-9/10'],
    ['bytes=-1000', '0-9/10'],
    ['bytes=0-99999999999999999999', '0-9/10'],
    ['bytes=-99999999999999999999', '0-9/10'],
    ['Bytes= 1 - 2 ', '1-2/10'],
  ] as const) {
    assert.equal(resolve(header, 10), expected, header);
  }
});

test('what S3 does not know is no range', () => {
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'bytes=a-b',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=--1',
    'bytes=1',
    '0-1',
    'bytes=0x1-2',
  ]) {
    assert.equal(resolve(header, 10), 'whole 0-10', String(header));
    assert.equal(resolve(header, 0), 'whole 0-0', String(header));
  }
});

test('a hostile header costs no more than its length', () => {
  // With two neighbouring runs of white space in one pattern this would take an hour.
  const spaces = ' '.repeat(2_000_000);
  for (const header of [`bytes=${spaces}x`, `bytes=1-${spaces}x`, `bytes=${spaces}1${spaces}-${spaces}x`])
    assert.equal(resolve(header, 10), 'whole 0-10');
});

test('what cannot be satisfied says of what', () => {
  for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0', 'bytes=99999999999999999999-']) {
    assert.throws(() => resolve(header, 10), {
      code: 'InvalidRange',
      status: 416,
      details: { RangeRequested: header, ActualObjectSize: '10' },
    });
  }
  for (const header of ['bytes=0-', 'bytes=0-0', 'bytes=-1'])
    assert.throws(() => resolve(header, 0), { code: 'InvalidRange' });
});

test('a range selects what slicing the object does', () => {
  const position = fc.nat({ max: 40 });
  fc.assert(
    fc.property(fc.nat({ max: 30 }), position, position, (size, a, b) => {
      const bytes = Array.from({ length: size }, (_, i) => i);
      const cut = (header: string): number[] | undefined => {
        try {
          const { start, end, partial } = resolveRange(header, size);
          assert.ok(start >= 0 && start <= end && end <= size);
          return partial ? bytes.slice(start, end) : undefined;
        } catch {
          return [];
        }
      };
      assert.deepEqual(cut(`bytes=${a}-`), bytes.slice(a));
      assert.deepEqual(cut(`bytes=-${a}`), a === 0 ? [] : bytes.slice(-a));
      assert.deepEqual(cut(`bytes=${a}-${b}`), b < a ? undefined : bytes.slice(a, b + 1));
    }),
  );
});
