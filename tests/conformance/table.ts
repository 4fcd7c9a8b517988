/** What the suite said as a table by group, and its place in the page about compatibility. Purely text. */

import type { ExpectedFailures } from './expected-failures.ts';
import { GROUP_NAMES, groupOf } from './groups.ts';
import { verdictOf } from './report.ts';
import type { Verdict } from './report.ts';
import type { TestResult } from './results.ts';

const BEGIN = '<!-- conformance: written by npm run conformance -- --write -->';
const END = '<!-- end of conformance -->';

const COLUMNS: readonly Verdict[] = ['passed', 'deviates', 'failed', 'out of scope', 'skipped'];

export interface GroupCounts {
  readonly group: string;
  readonly tests: number;
  readonly counts: Readonly<Record<Verdict, number>>;
}

export function countGroups(results: readonly TestResult[], expected: ExpectedFailures): GroupCounts[] {
  return GROUP_NAMES.map((group) => {
    const own = results.filter((result) => groupOf(result) === group);
    return { group, ...countAll(own, expected) };
  }).filter(({ tests }) => tests > 0);
}

function countAll(results: readonly TestResult[], expected: ExpectedFailures): Omit<GroupCounts, 'group'> {
  const count = (verdict: Verdict): number =>
    results.filter((result) => verdictOf(result, expected) === verdict).length;
  return {
    tests: results.length,
    counts: {
      passed: count('passed'),
      deviates: count('deviates'),
      failed: count('failed'),
      'out of scope': count('out of scope'),
      skipped: count('skipped'),
    },
  };
}

/** Markdown: a row for each group, then all of them. */
export function groupTable(results: readonly TestResult[], expected: ExpectedFailures): string {
  const row = (name: string, { tests, counts }: Omit<GroupCounts, 'group'>): string =>
    `| ${[name, tests, ...COLUMNS.map((verdict) => counts[verdict])].join(' | ')} |`;
  return [
    '| group | tests | pass | fail, S3 does otherwise | fail | not served | skipped by the suite |',
    '|---|---|---|---|---|---|---|',
    ...countGroups(results, expected).map((counts) => row(counts.group, counts)),
    row('**all**', countAll(results, expected)),
  ].join('\n');
}

/** @returns the page with the table in its place */
export function withTable(page: string, table: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The page has no place for the table: ${BEGIN} … ${END}`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${page.slice(end)}`;
}
