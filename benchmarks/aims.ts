/**
 * @module What the server is to reach on two cores shared with the client, and whether it did.
 *
 * An aim is met by the row that it names, not by the best of several machines or settings.
 */

import type { Row } from './rows/row.ts';
import { alignColumns } from './table.ts';
import { formatCount, formatMilliseconds } from './units.ts';

export interface AimResult {
  aim: string;
  /** as text, with the row that it came from */
  measured: string;
  verdict: 'met' | 'MISSED' | 'not measured';
}

interface Aim {
  aim: string;
  /** undefined when no row of the run tells */
  measure(rows: readonly Row[], startMilliseconds: number | undefined): Finding | undefined;
}

interface Finding {
  text: string;
  met: boolean;
}

const LARGE_OBJECT_BYTES_MIN = 2 ** 20;
const MILLION = '1,000,000';

const AIMS: readonly Aim[] = [
  { aim: 'first answer within 2 s of the start', measure: (_rows, start) => atMost(start, 2000, 'start') },
  rateAim('PUT 4 KiB', 10_000),
  rateAim('GET 4 KiB', 20_000),
  {
    aim: 'PUT 4 KiB: p50 under 2 ms at 16 connections',
    measure: (rows) => p50Under(rows, 'PUT 4 KiB x16', 2),
  },
  {
    aim: 'GET 4 KiB: p50 under 2 ms at 16 connections',
    measure: (rows) => p50Under(rows, 'GET 4 KiB x16', 2),
  },
  throughputAim('PUT 1 GiB', 500),
  throughputAim('GET 1 GiB', 800),
  {
    aim: '10,000 keys listed in under 100 ms',
    measure: (rows) => p50Under(rows, 'LIST 10,000 flat', 100),
  },
  {
    aim: `look-up in ${MILLION} keys under 5 ms (p99)`,
    measure: (rows) => p99Under(rows, `HEAD in ${MILLION} keys`, 5),
  },
  {
    aim: `page of 1,000 among ${MILLION} keys within 20 ms at any depth (p99)`,
    measure: (rows) => p99Under(rows, `LIST ${MILLION} flat`, 20),
  },
  {
    aim: `1,000 prefixes among ${MILLION} keys within 20 ms at any depth (p99)`,
    measure: (rows) => p99Under(rows, `LIST ${MILLION} by delimiter`, 20),
  },
  {
    aim: '10,000 parts completed in under 2 s',
    measure: (rows) => p99Under(rows, 'complete 10,000 parts', 2000),
  },
  {
    aim: 'page of 1,000 among 100,000 versions of a key within 20 ms at any depth (p99)',
    measure: (rows) => p99Under(rows, 'LIST versions 100,000 of a key', 20),
  },
  {
    aim: 'a copy of 5 GiB in under 100 ms (p99)',
    measure: (rows) => p99Under(rows, 'copy 5 GiB', 100),
  },
  {
    aim: 'a copy of 5 GiB takes less than 1 MB of disk',
    measure: (rows) => diskUnder(rows, 'copy 5 GiB', 1),
  },
  {
    aim: 'memory under 200 MB however large the objects',
    measure: (rows) =>
      peakUnder(
        // Uploads at once have their own; the rows of `life` begin at what all others have left.
        rows.filter((row) => isLarge(row) && row.group !== 'uploads' && row.group !== 'life'),
        200,
      ),
  },
  {
    aim: 'memory under 250 MB with 100 uploads at once',
    measure: (rows) =>
      peakUnder(
        rows.filter((row) => row.group === 'uploads' && row.connections >= 100),
        250,
      ),
  },
];

/** Judges every aim; those without a row are `not measured`, those whose row had errors are missed. */
export function judgeAims(rows: readonly Row[], startMilliseconds: number | undefined): AimResult[] {
  return AIMS.map((aim) => {
    const found = aim.measure(rows, startMilliseconds);
    if (found === undefined) return { aim: aim.aim, measured: '', verdict: 'not measured' };
    return { aim: aim.aim, measured: found.text, verdict: found.met ? 'met' : 'MISSED' };
  });
}

export function formatAims(results: readonly AimResult[]): string {
  return alignColumns([
    ['aim', 'measured', ''],
    ...results.map((result) => [result.aim, result.measured, result.verdict]),
  ]);
}

/** Requests a second, at whichever number of connections was best. */
function rateAim(prefix: string, least: number): Aim {
  return {
    aim: `${prefix}: at least ${formatCount(least)} requests/s`,
    measure: (rows) => {
      const best = highest(matching(rows, prefix), (row) => row.requestsPerSecond);
      return (
        best && finding(best, `${formatCount(best.requestsPerSecond)}/s`, best.requestsPerSecond >= least)
      );
    },
  };
}

/** 10^6 bytes a second in a single stream. */
function throughputAim(prefix: string, least: number): Aim {
  return {
    aim: `${prefix}: at least ${least} MB/s in one stream`,
    measure: (rows) => {
      const row = rows.find((candidate) => candidate.id === `${prefix} x1`);
      if (row?.bytesPerSecond === undefined) return undefined;
      const rate = row.bytesPerSecond / 1e6;
      return finding(row, `${formatCount(rate)} MB/s`, rate >= least);
    },
  };
}

function p50Under(rows: readonly Row[], id: string, limit: number): Finding | undefined {
  const row = rows.find((candidate) => candidate.id === id);
  return row && finding(row, `${formatMilliseconds(row.p50_ms)} ms`, row.p50_ms < limit);
}

/** The worst of the rows whose id begins so. */
function p99Under(rows: readonly Row[], prefix: string, limit: number): Finding | undefined {
  const worst = highest(matching(rows, prefix), (row) => row.p99_ms);
  return worst && finding(worst, `${formatMilliseconds(worst.p99_ms)} ms`, worst.p99_ms < limit);
}

function peakUnder(rows: readonly Row[], limitMb: number): Finding | undefined {
  const known = rows.filter((row) => row.serverPeakRssBytes !== undefined);
  const worst = highest(known, (row) => row.serverPeakRssBytes ?? 0);
  if (worst?.serverPeakRssBytes === undefined) return undefined;
  const peak = worst.serverPeakRssBytes / 1e6;
  return finding(worst, `${formatCount(peak)} MB`, peak < limitMb);
}

/** For each request, the worst of the rows whose id begins so. */
function diskUnder(rows: readonly Row[], prefix: string, limitMb: number): Finding | undefined {
  const megabytes = (row: Row) => (row.diskBytes ?? 0) / 1e6 / row.requests;
  const known = matching(rows, prefix).filter((row) => row.diskBytes !== undefined);
  const worst = highest(known, megabytes);
  return worst && finding(worst, `${megabytes(worst).toFixed(2)} MB`, megabytes(worst) < limitMb);
}

function atMost(value: number | undefined, limit: number, what: string): Finding | undefined {
  return value === undefined
    ? undefined
    : { text: `${formatMilliseconds(value)} ms (${what})`, met: value <= limit };
}

function finding(row: Row, value: string, met: boolean): Finding {
  return { text: `${value} (${row.id})`, met: met && row.errors === 0 };
}

function matching(rows: readonly Row[], prefix: string): Row[] {
  return rows.filter(
    (row) => row.id === prefix || row.id.startsWith(`${prefix} `) || row.id.startsWith(`${prefix},`),
  );
}

function highest(rows: readonly Row[], value: (row: Row) => number): Row | undefined {
  return rows.toSorted((a, b) => value(b) - value(a))[0];
}

function isLarge(row: Row): boolean {
  return (row.objectBytes ?? 0) > LARGE_OBJECT_BYTES_MIN;
}
