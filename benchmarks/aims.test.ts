/** @module Tests of judging a run by its aims. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeAims } from './aims.ts';
import type { Row } from './rows/row.ts';
import { rowOf } from './side-by-side/rows.fixtures.ts';

const row = (id: string, parts: Partial<Row>): Row => rowOf(id, { connections: 16, ...parts });

function verdictOf(aim: string, rows: readonly Row[], startMilliseconds?: number): string | undefined {
  return judgeAims(rows, startMilliseconds).find((result) => result.aim.startsWith(aim))?.verdict;
}

test('an aim without a row is not measured', () => {
  assert.ok(judgeAims([], undefined).every((result) => result.verdict === 'not measured'));
});

test('a rate is that of the best number of connections', () => {
  const rows = [
    row('PUT 4 KiB x1', { requestsPerSecond: 900 }),
    row('PUT 4 KiB x64', { requestsPerSecond: 10_000 }),
    row('PUT 64 KiB x64', { requestsPerSecond: 90_000 }),
  ];
  assert.equal(verdictOf('PUT 4 KiB: at least', rows), 'met');
  assert.equal(verdictOf('PUT 4 KiB: at least', rows.slice(0, 1)), 'MISSED');
});

test('a rate that was reached with errors does not count', () => {
  const rows = [row('PUT 4 KiB x64', { requestsPerSecond: 90_000, errors: 1 })];
  assert.equal(verdictOf('PUT 4 KiB: at least', rows), 'MISSED');
});

test('the worst depth decides about listings', () => {
  const rows = [
    row('LIST 1,000,000 flat, start', { p99_ms: 3 }),
    row('LIST 1,000,000 flat, end', { p99_ms: 21 }),
  ];
  assert.equal(verdictOf('page of 1,000', rows), 'MISSED');
  assert.equal(verdictOf('page of 1,000', rows.slice(0, 1)), 'met');
});

test('both kinds of copies decide about copies, and so does what a single one takes of the disk', () => {
  const whole = row('copy 5 GiB by CopyObject', { p99_ms: 3, requests: 20, diskBytes: 100_000 });
  const part = row('copy 5 GiB by UploadPartCopy', { p99_ms: 99, requests: 20, diskBytes: 19_000_000 });
  const times = 'a copy of 5 GiB in';
  assert.equal(verdictOf(times, [whole, part]), 'met');
  assert.equal(verdictOf(times, [whole, { ...part, p99_ms: 101 }]), 'MISSED');
  const disk = 'a copy of 5 GiB takes';
  assert.equal(verdictOf(disk, [whole, part]), 'met');
  assert.equal(verdictOf(disk, [whole, { ...part, diskBytes: 21_000_000 }]), 'MISSED');
  assert.equal(verdictOf(disk, [row(whole.id, { requests: 20 })]), 'not measured');
  assert.equal(verdictOf(times, [row('copy 50 GiB by CopyObject', {})]), 'not measured');
});

test('an upload of fewer parts, or a key of fewer versions, meets no aim', () => {
  assert.equal(verdictOf('10,000 parts', [row('complete 10,000 parts', { p99_ms: 1999 })]), 'met');
  assert.equal(verdictOf('10,000 parts', [row('complete 500 parts', { p99_ms: 1 })]), 'not measured');
  const aim = 'page of 1,000 among 100,000 versions';
  const page = (versions: string, p99_ms: number) =>
    row(`LIST versions ${versions} of a key, last tenth`, { p99_ms });
  assert.equal(verdictOf(aim, [page('100,000', 19)]), 'met');
  assert.equal(verdictOf(aim, [page('100,000', 21)]), 'MISSED');
  assert.equal(verdictOf(aim, [page('10,000', 1)]), 'not measured');
});

test('memory with large objects and with many uploads have limits of their own', () => {
  const large = row('PUT 1 GiB x1', { objectBytes: 2 ** 30, serverPeakRssBytes: 199e6 });
  const uploads = row('uploads', {
    group: 'uploads',
    connections: 100,
    objectBytes: 2 ** 24,
    serverPeakRssBytes: 249e6,
  });
  assert.equal(verdictOf('memory under 200', [large, uploads]), 'met');
  assert.equal(verdictOf('memory under 250', [large, uploads]), 'met');
  assert.equal(verdictOf('memory under 250', [{ ...uploads, connections: 20 }]), 'not measured');
  const copied = { ...large, group: 'life', serverPeakRssBytes: 300e6 } as const;
  assert.equal(verdictOf('memory under 200', [large, copied]), 'met');
  assert.equal(verdictOf('memory under 200', [{ ...large, serverPeakRssBytes: 201e6 }]), 'MISSED');
});

test('the start is judged when it was seen', () => {
  assert.equal(verdictOf('first answer', [], 1999), 'met');
  assert.equal(verdictOf('first answer', [], 2001), 'MISSED');
});
