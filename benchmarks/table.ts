/**
 * @module Rows as text in aligned columns.
 */

import type { Row } from './rows/row.ts';
import { formatCount, formatMilliseconds } from './units.ts';

interface Column {
  title: string;
  cell(row: Row): string;
}

const COLUMNS: readonly Column[] = [
  { title: 'row', cell: (row) => row.id },
  { title: 'req/s', cell: (row) => formatRate(row.requestsPerSecond) },
  { title: 'MB/s', cell: (row) => optional(row.bytesPerSecond, (bytes) => formatRate(bytes / 1e6)) },
  { title: 'keys/s', cell: (row) => optional(row.keysPerSecond, formatCount) },
  { title: 'p50 ms', cell: (row) => formatMilliseconds(row.p50_ms) },
  { title: 'p99 ms', cell: (row) => formatMilliseconds(row.p99_ms) },
  {
    title: 'CPU s/1k',
    cell: (row) => optional(row.serverCpuSecondsPerThousandRequests, (value) => value.toFixed(3)),
  },
  { title: 'CPU s/GB', cell: (row) => optional(row.serverCpuSecondsPerGb, (value) => value.toFixed(2)) },
  { title: 'peak MB', cell: (row) => optional(row.serverPeakRssBytes, (bytes) => formatCount(bytes / 1e6)) },
  { title: 'client', cell: (row) => row.client },
  { title: 'its cores', cell: (row) => row.clientCores.toFixed(2) },
  {
    title: 'of alone',
    cell: (row) =>
      optional(
        row.clientAlonePerSecond,
        (alone) => `${((row.requestsPerSecond / alone) * 100).toFixed(0)} %`,
      ),
  },
  { title: '', cell: remarks },
];

/** What the columns mean, for above the table. */
export const LEGEND = `CPU s/1k, s/GB: processor seconds of the server for 1,000 requests and for 10^9 bytes. peak MB: its resident memory.
its cores: processors that the client kept busy. of alone: this rate against that of the same client and a server
that does nothing (one thread of node:http), so near 100 % it is the client, or node:http itself, that is measured.`;

export function formatRows(rows: readonly Row[]): string {
  return alignColumns([
    COLUMNS.map((column) => column.title),
    ...rows.map((row) => COLUMNS.map((column) => column.cell(row))),
  ]);
}

/** The first and the last column to the left, the others to the right. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, index) =>
    Math.max(...lines.map((line) => line[index]?.length ?? 0)),
  );
  const format = (line: readonly string[]) =>
    line
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return index === 0 || index === widths.length - 1 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const [head, ...body] = lines.map(format);
  return [
    head,
    widths
      .map((width) => '-'.repeat(width))
      .join('  ')
      .trimEnd(),
    ...body,
  ].join('\n');
}

function remarks(row: Row): string {
  const parts = row.errors > 0 ? [`${row.errors} ERRORS`] : [];
  if (row.diskBytes !== undefined) parts.push(`${(row.diskBytes / 1e6).toFixed(1)} MB of disk`);
  if (row.note !== undefined) parts.push(row.note);
  return parts.join('; ');
}

function optional(value: number | undefined, format: (value: number) => string): string {
  return value === undefined ? '' : format(value);
}

function formatRate(value: number): string {
  return value >= 100 ? formatCount(value) : value.toFixed(value >= 10 ? 1 : 2);
}
