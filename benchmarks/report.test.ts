/** @module Tests of results on disk and beside each other. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { machineFacts } from './machine.ts';
import { formatComparison, makeReport, readReport, writeReport } from './report.ts';
import { makeRow } from './rows/row.ts';

function reportOf(name: string, rate: number, p50_ms: number) {
  const row = makeRow(
    {
      id: 'PUT 4 KiB x16',
      group: 'put',
      connections: 16,
      client: 'wrk',
      requests: rate * 2,
      errors: 0,
      seconds: 2,
      bytes: rate * 2 * 4096,
      p50_ms,
      p99_ms: p50_ms * 2,
    },
    { seconds: 2, clientCpuSeconds: 1, serverCpuSeconds: 3, serverPeakRssBytes: 1e8 },
  );
  const date = '2026-01-01T00:00:00.000Z';
  return makeReport({ date, name, machine: machineFacts(undefined), rows: [row], skipped: [], aims: [] });
}

test('rates and costs are per second, per thousand requests and per 10^9 bytes', () => {
  const row = reportOf('a', 1000, 1).rows[0];
  assert.equal(row?.requestsPerSecond, 1000);
  assert.equal(row?.bytesPerSecond, 4_096_000);
  assert.equal(row?.serverCpuSecondsPerThousandRequests, 1.5);
  assert.equal(row?.serverCpuSecondsPerGb, 3 / 0.008192);
  assert.equal(row?.clientCores, 0.5);
});

test('a report is read as it was written, and nothing else is', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-report-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const path = join(directory, 'below', 'a.json');
  const report = reportOf('a', 1000, 1);
  writeReport(path, report);
  assert.deepEqual(readReport(path), report);
  writeFileSync(path, '{"rows": []}');
  assert.throws(() => readReport(path), /no benchmark result/);
});

test('in a comparison more is better in every column', () => {
  const text = formatComparison(reportOf('fast', 2000, 1), reportOf('slow', 1000, 4));
  assert.match(text, /fast to slow/);
  assert.match(text, /PUT 4 KiB x16 +2\.00x +4\.00x +4\.00x +2\.00x +1\.00x/);
});
