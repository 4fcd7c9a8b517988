/** What a soak calls a leak: the estimates of growth, and the verdict on series that are known. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { seededChoice } from '../faults/seeded.ts';
import { chart, robustSlopePerHour, slopePerHour } from './figures.ts';
import type { Point } from './figures.ts';
import { judge } from './judge.ts';
import type { Sample } from './samples.ts';

const HOUR = 3600;
const WARM_UP = 1200;

/** Two hours, every ten seconds: memory rises while it warms up, and is a saw of 10 MB from then on. */
function samples(change: (seconds: number) => Partial<Sample> = () => ({})): Sample[] {
  const pick = seededChoice('soak');
  return Array.from({ length: 720 }, (_, i) => {
    const seconds = i * 10;
    const rss = 200 + Math.min(seconds / WARM_UP, 1) * 50 + pick(10_000) / 1000;
    const level = {
      anon: rss,
      descriptors: 70,
      threads: 29,
      cpu: seconds / 5,
      log: 20,
      database: 50,
      blobs: 900,
    };
    return { seconds, rss, ...level, ...change(seconds) };
  });
}

test('both estimates find the slope of a line, and one of them none in peaks', () => {
  const line = Array.from({ length: 100 }, (_, i): Point => [i * 60, 7 + i / 30]);
  assert.ok(Math.abs(slopePerHour(line) - 2) < 1e-9);
  assert.ok(Math.abs(robustSlopePerHour(line, 300) - 2) < 1e-9);
  const peaks = line.map(([x], i): Point => [x, i > 90 && i % 5 === 0 ? 500 : 7]);
  assert.ok(slopePerHour(peaks) > 5);
  assert.equal(robustSlopePerHour(peaks, 300), 0);
});

test('a server that has warmed up and stays so passes', () => {
  assert.deepEqual(judge(samples(), WARM_UP).violations, []);
});

test('memory that grows by 2 MB an hour is a leak, when there was an hour to see it', () => {
  const leak = samples((seconds) => ({ rss: 250 + (2 * seconds) / HOUR }));
  assert.deepEqual(judge(leak, WARM_UP).violations, ['resident memory grows']);
  const short = judge(leak.slice(0, 300), WARM_UP);
  assert.deepEqual(short.violations, []);
  assert.equal(short.judged, false);
});

test('descriptors, threads and a log that grow are told of', () => {
  const growing = samples((seconds) => ({
    descriptors: 70 + seconds / 300,
    threads: seconds > HOUR ? 40 : 29,
    log: seconds / 50,
  }));
  assert.deepEqual(judge(growing, WARM_UP).violations, [
    'the log has grown beyond 110 MB',
    'descriptors grow',
    'threads grow',
  ]);
});

test('a chart has a bar for each stretch of time', () => {
  const points = Array.from({ length: 80 }, (_, i): Point => [i, i]);
  assert.equal(chart(points, 8), '▁▂▃▄▅▆▇█ 4.5 to 74.5');
});
