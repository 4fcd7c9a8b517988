/**
 * @module Range reads over the real server, against a Buffer.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import { expectError, expectStatus } from '../support/expect.ts';
import { propertyRuns } from '../support/seed.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();

/** Empty, in the database, at the edge of it, in a file, and over several reads of one. */
const SIZES = [0, 1, 2, 1000, 65_535, 65_536, 65_537, 1_000_000, 3_333_333];
const objects = new Map(SIZES.map((size) => [size, randomBytes(size)]));
for (const [size, body] of objects) await s3.put(bucket, `${size}`, body);

type Range =
  | { kind: 'between'; first: number; last: number }
  | { kind: 'from'; first: number }
  | { kind: 'suffix'; length: number };

function format(range: Range): string {
  if (range.kind === 'between') return `bytes=${range.first}-${range.last}`;
  return range.kind === 'from' ? `bytes=${range.first}-` : `bytes=-${range.length}`;
}

/** First and last byte of an object of `size`; undefined when there is none. */
function resolve(range: Range, size: number): [number, number] | undefined {
  const first = range.kind === 'suffix' ? Math.max(0, size - range.length) : range.first;
  const last = range.kind === 'between' ? Math.min(range.last, size - 1) : size - 1;
  return first <= last && first < size ? [first, last] : undefined;
}

/** Positions near the edges of the object are more telling than those in its midst. */
function position(size: number): fc.Arbitrary<number> {
  const near = [0, 1, size - 2, size - 1, size, size + 1, 65_535, 65_536, 65_537].filter((at) => at >= 0);
  return fc.oneof(fc.constantFrom(...near), fc.nat(size + 10));
}

const cases = fc.constantFrom(...SIZES).chain((size) =>
  fc.record({
    size: fc.constant(size),
    range: fc.oneof(
      fc
        .tuple(position(size), position(size))
        .map(([a, b]): Range => ({ kind: 'between', first: Math.min(a, b), last: Math.max(a, b) })),
      position(size).map((first): Range => ({ kind: 'from', first })),
      position(size).map((length): Range => ({ kind: 'suffix', length })),
    ),
  }),
);

test('a range is that slice of the object, or 416', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ size, range }) => {
      const body = objects.get(size) as Buffer;
      const response = await s3.object('GET', bucket, `${size}`, { headers: { range: format(range) } });
      const bounds = resolve(range, size);
      if (bounds === undefined) {
        expectError(response, 416, 'InvalidRange');
        return;
      }
      const [first, last] = bounds;
      expectStatus(response, 206);
      assert.ok(response.body.equals(body.subarray(first, last + 1)), format(range));
      assert.equal(response.headers['content-range'], `bytes ${first}-${last}/${size}`);
      assert.equal(response.headers['content-length'], String(last - first + 1));
    }),
    propertyRuns('ranges', 150),
  );
});

test('ranges that tile an object join to the whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...SIZES.slice(3)),
      fc.integer({ min: 1, max: 9 }),
      async (size, count) => {
        const body = objects.get(size) as Buffer;
        const step = Math.ceil(size / count);
        const starts = Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step);
        const parts = await Promise.all(
          starts.map(async (start) => {
            const headers = { range: `bytes=${start}-${start + step - 1}` };
            const response = await s3.object('GET', bucket, `${size}`, { headers });
            expectStatus(response, 206);
            return response.body;
          }),
        );
        assert.ok(Buffer.concat(parts).equals(body));
      },
    ),
    propertyRuns('tiles', 20),
  );
});
