/** The table by test, and whether it is what is expected. Purely text: who prints it is not its business. */

import type { ExpectedFailures } from './expected-failures.ts';
import type { TestResult } from './results.ts';

export interface Report {
  readonly text: string;
  /** False when a test in scope failed that should pass, when one passed that should not, or when there are none. */
  readonly asExpected: boolean;
}

export type Verdict = 'passed' | 'failed' | 'deviates' | 'out of scope' | 'skipped';

const SECTIONS: readonly { readonly verdict: Verdict; readonly title: string }[] = [
  { verdict: 'passed', title: 'passed' },
  { verdict: 'skipped', title: 'skipped by the suite, for lack of what is not served' },
  { verdict: 'out of scope', title: 'failed, out of scope (asks for what is not served yet)' },
  { verdict: 'deviates', title: 'failed, in scope, for a reason that is known' },
  { verdict: 'failed', title: 'FAILED, in scope' },
];

export function report(results: readonly TestResult[], expected: ExpectedFailures): Report {
  const counts: string[] = [];
  const lines: string[] = [];
  for (const { verdict, title } of SECTIONS) {
    const found = results.filter((result) => verdictOf(result, expected) === verdict);
    counts.push(`${String(found.length).padStart(5)}  ${title}`);
    lines.push(title, ...found.map((result) => `  ${describe(verdict, result, expected)}`), '');
  }
  const stale = results.filter(({ name, outcome }) => outcome === 'passed' && expected.deviations.has(name));
  if (stale.length > 0)
    lines.push('PASSED, but expected to fail', ...stale.map(({ name }) => `  ${name}`), '');
  const failed = results.some((result) => verdictOf(result, expected) === 'failed');
  return {
    text: [...lines, ...counts].join('\n'),
    asExpected: results.length > 0 && !failed && stale.length === 0,
  };
}

export function verdictOf({ name, outcome, refused }: TestResult, expected: ExpectedFailures): Verdict {
  if (outcome !== 'failed') return outcome;
  if (expected.deviations.has(name)) return 'deviates';
  return refused.length > 0 ? 'out of scope' : 'failed';
}

function describe(
  verdict: Verdict,
  { name, message, refused }: TestResult,
  expected: ExpectedFailures,
): string {
  switch (verdict) {
    case 'passed':
      return name;
    case 'deviates':
      return `${name}: ${expected.deviations.get(name)}`;
    case 'out of scope':
      return `${name}: ${[...new Set(refused)].join(', ') || message}`;
    case 'skipped':
    case 'failed':
      return `${name}: ${message}`;
  }
}
