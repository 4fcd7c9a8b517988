/**
 * @module The results of a run: as JSON, and beside those of another run.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { AimResult } from './aims.ts';
import type { MachineFacts } from './machine.ts';
import type { Row, SkippedRow } from './rows/row.ts';
import { alignColumns } from './table.ts';

const FORMAT_VERSION = 1;

export interface Report {
  formatVersion: typeof FORMAT_VERSION;
  /** ISO 8601 */
  date: string;
  name: string;
  machine: MachineFacts;
  startMilliseconds?: number;
  rows: readonly Row[];
  skipped: readonly SkippedRow[];
  aims: readonly AimResult[];
}

export function makeReport(parts: Omit<Report, 'formatVersion'>): Report {
  return { formatVersion: FORMAT_VERSION, ...parts };
}

export function writeReport(path: string, report: Report): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
}

/** Throws when the file is not a report of this version. */
export function readReport(path: string): Report {
  const report = JSON.parse(readFileSync(path, 'utf8')) as Partial<Report>;
  if (report.formatVersion !== FORMAT_VERSION || !Array.isArray(report.rows)) {
    throw new Error(`${path} is no benchmark result of version ${FORMAT_VERSION}`);
  }
  return report as Report;
}

/** Ratios of `report` to `other`, for the rows that both have; above 1 is better for `report` in every column. */
export function formatComparison(report: Report, other: Report): string {
  const lines = [[`${report.name} to ${other.name}`, 'rate', '1/p50', '1/p99', '1/CPU', '1/memory', '']];
  for (const row of report.rows) {
    const peer = other.rows.find((candidate) => candidate.id === row.id);
    if (peer === undefined) continue;
    lines.push([
      row.id,
      ratio(row.requestsPerSecond, peer.requestsPerSecond),
      ratio(peer.p50_ms, row.p50_ms),
      ratio(peer.p99_ms, row.p99_ms),
      ratio(peer.serverCpuSecondsPerThousandRequests, row.serverCpuSecondsPerThousandRequests),
      ratio(peer.serverPeakRssBytes, row.serverPeakRssBytes),
      row.errors + peer.errors > 0 ? 'had errors' : '',
    ]);
  }
  return alignColumns(lines);
}

function ratio(numerator: number | undefined, denominator: number | undefined): string {
  if (!numerator || !denominator) return '';
  return `${(numerator / denominator).toFixed(2)}x`;
}
