/**
 * @module A run side by side as Markdown that is aligned, to be read in a terminal and to be kept in a document.
 */

import type { AimResult } from '../aims.ts';
import type { MachineFacts } from '../machine.ts';
import type { Row } from '../rows/row.ts';
import { formatCount, formatMilliseconds } from '../units.ts';
import { costOf, isLarge, rateOf, type Reached } from './medians.ts';
import { reachedOn, rowIds, type SideBySideResult } from './result.ts';

export function formatHead(machine: MachineFacts, contenders: SideBySideResult['contenders']): string {
  const facts = [
    `${machine.cores} x ${machine.cpu}`,
    `${formatCount(machine.memoryBytes / 1e9)} GB`,
    machine.kernel,
    `Node.js ${machine.node}`,
    ...(machine.fileSystem === undefined ? [] : [`data on ${machine.fileSystem}`]),
    `load average before: ${machine.loadBefore.toFixed(1)}`,
  ];
  const promises = contenders.map(
    ({ name, syncs, durability }) => `- ${name}: ${syncs ? 'syncs' : 'does not sync'}; ${durability}`,
  );
  return [facts.join(', '), '', ...promises].join('\n');
}

/** Medians of each contender, and ratios of ours to them: above 1 is better for ours in every ratio. */
export function formatSideBySide(result: SideBySideResult): string {
  const names = result.contenders.map(({ name }) => name);
  const ids = rowIds(result);
  const line = (id: string, cell: (row: Row) => string, ratio: Ratio) => {
    const { own, peers } = reachedOn(result, id);
    const rows = result.contenders.map(({ medians }) => medians.find((row) => row.id === id));
    return [
      ...rows.map((row) => (row === undefined ? '' : cell(row) + (row.errors > 0 ? ' (ERRORS)' : ''))),
      ...names.slice(1).map((name) =>
        times(
          own,
          peers.find((peer) => peer.name === name),
          ratio,
        ),
      ),
      closest(own, peers, ratio),
    ];
  };
  const head = [...names, ...names.slice(1).map((name) => `to ${name}`), 'to the best peer'];
  const speed = (own: Reached, peer: Reached) => rateOf(own.row) / rateOf(peer.row);
  const thrift = (own: Reached, peer: Reached) => quotient(costOf(peer.row), costOf(own.row));
  return [
    markdown([['rate', ...head], ...ids.map((id) => [id, ...line(id, formatRate, speed)])]),
    'Requests a second, MB/s of large objects, keys a second of listings.',
    markdown([['processor', ...head], ...ids.map((id) => [id, ...line(id, formatCost, thrift)])]),
    'Processor seconds of the server for 1,000 requests, or for a GB of large objects.',
    formatMemory(result, ids),
    'The highest resident memory of all its processes, MB; a row begins with what the rows before have left.',
  ].join('\n\n');
}

function formatMemory(result: SideBySideResult, ids: readonly string[]): string {
  const { contenders } = result;
  const peak = (bytes: number | undefined) => (bytes === undefined ? '' : formatCount(bytes / 1e6));
  return markdown([
    ['memory', ...contenders.map(({ name }) => name)],
    ...ids.map((id) => [
      id,
      ...contenders.map(({ medians }) => peak(medians.find((row) => row.id === id)?.serverPeakRssBytes)),
    ]),
    ['over all', ...contenders.map(({ peakRssBytes }) => peak(peakRssBytes))],
    [
      'start to first answer, ms',
      ...contenders.map(({ startMilliseconds: start }) =>
        start === undefined ? '' : formatMilliseconds(start),
      ),
    ],
  ]);
}

export function formatVerdicts(results: readonly AimResult[]): string {
  return markdown([
    ['aim', 'measured', ''],
    ...results.map(({ aim, measured, verdict }) => [aim, measured, verdict]),
  ]);
}

/** The first line is the head; the first column is to the left, the others to the right. */
export function markdown(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) =>
    Math.max(3, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const format = (line: readonly string[]) =>
    `| ${widths.map((width, column) => pad(line[column] ?? '', width, column)).join(' | ')} |`;
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  const [head = [], ...body] = lines;
  return [format(head), `| ${rule.join(' | ')} |`, ...body.map(format)].join('\n');
}

function pad(text: string, width: number, column: number): string {
  return column === 0 ? text.padEnd(width) : text.padStart(width);
}

type Ratio = (own: Reached, peer: Reached) => number | undefined;

/** The peer to whom ours compares worst, errors excluded. */
function closest(own: Reached | undefined, peers: readonly Reached[], ratio: Ratio): string {
  const known = peers.flatMap((peer) => {
    const value = own && ratio(own, peer);
    return value === undefined || peer.row.errors > 0 ? [] : { value, name: peer.name };
  });
  const least = known.toSorted((a, b) => a.value - b.value)[0];
  return least === undefined ? '' : `${least.value.toFixed(2)}x ${least.name}`;
}

function times(own: Reached | undefined, peer: Reached | undefined, ratio: Ratio): string {
  const value = own && peer && ratio(own, peer);
  return value === undefined || !Number.isFinite(value) ? '' : `${value.toFixed(2)}x`;
}

function quotient(numerator: number | undefined, denominator: number | undefined): number | undefined {
  return numerator && denominator ? numerator / denominator : undefined;
}

/** As the first table has it. */
export function formatRate(row: Row): string {
  return formatCount(isLarge(row) ? rateOf(row) / 1e6 : rateOf(row));
}

function formatCost(row: Row): string {
  const cost = costOf(row);
  return cost === undefined ? '' : cost.toFixed(isLarge(row) ? 2 : 3);
}
