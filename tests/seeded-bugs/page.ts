/** @module The table of seeded bugs in `docs/seeded-bugs.md`: which there are, and what caught each when it was last tried. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describeCatcher } from './bug.ts';
import type { SeededBug } from './bug.ts';
import { ROOT } from './plant.ts';

const PAGE = join(ROOT, 'docs', 'seeded-bugs.md');
const BEGIN = '<!-- bugs: written by npm run prove:bugs -- --write -->';
const END = '<!-- end of bugs -->';

export interface Outcome {
  readonly name: string;
  /** Undefined: nothing did. */
  readonly caughtBy: string | undefined;
  readonly seconds: number;
}

export function writeOutcomes(bugs: readonly SeededBug[], outcomes: readonly Outcome[]): void {
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest = ''] = page.split(BEGIN);
  const [old = '', after] = rest.split(END);
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for the table`);
  const told = new Map(outcomes.map((outcome) => [outcome.name, tell(outcome)]));
  for (const line of old.split('\n')) {
    const [, name, outcome] = /^\| `([^`]+)` .*\| ([^|]*) \|$/.exec(line) ?? [];
    if (name !== undefined && outcome !== undefined && !told.has(name)) told.set(name, outcome);
  }
  const rows = bugs.map(
    ({ name, breaks, file, caughtBy }) =>
      `| \`${name}\` | ${breaks} | ${file.split('/').at(-1)} | ${told.get(name) ?? `not tried: ${caughtBy.map(describeCatcher).join(', ')}`} |`,
  );
  const table = ['| bug | what it breaks | in | caught by |', '|---|---|---|---|', ...rows].join('\n');
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}

function tell({ caughtBy, seconds }: Outcome): string {
  return caughtBy === undefined ? '**nothing**' : `${caughtBy}, ${seconds} s`;
}
