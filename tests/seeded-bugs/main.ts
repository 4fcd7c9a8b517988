/**
 * `npm run prove:bugs`: puts each seeded bug into a copy of the repository and runs what must notice it there. Prints what
 * caught which; the exit code is 1 when a bug was not caught, or no longer fits.
 *
 *   NAME…          only these bugs
 *   --with TEXT    only those that a test or proof with that text in its name catches
 *   --write        the outcome into docs/seeded-bugs.md; bugs that were not tried keep theirs
 *   --list         their names, and what catches them
 */

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { describeCatcher } from './bug.ts';
import type { Catcher, SeededBug } from './bug.ts';
import { BUGS } from './bugs/index.ts';
import { writeOutcomes } from './page.ts';
import type { Outcome } from './page.ts';
import { plant, ROOT } from './plant.ts';

/** A bug may make the product hang: that counts as caught, too. */
const LIMIT_MS = 300_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    with: { type: 'string' },
    write: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
});

const chosen = BUGS.filter(isChosen);
if (chosen.length === 0) throw new Error('No such bug. --list tells their names');
if (values.list) {
  for (const { name, caughtBy } of chosen)
    console.log(`${name}: ${caughtBy.map(describeCatcher).join(', ')}`);
} else {
  const outcomes: Outcome[] = [];
  for (const bug of chosen) {
    const outcome = await hunt(bug);
    outcomes.push(outcome);
    const verdict = outcome.caughtBy === undefined ? 'NOT CAUGHT' : `caught by ${outcome.caughtBy}`;
    console.log(`${bug.name}: ${verdict} (${outcome.seconds} s)`);
    // At once: a run takes long, and may be ended.
    if (values.write) writeOutcomes(BUGS, [outcome]);
  }
  const missed = outcomes.filter(({ caughtBy }) => caughtBy === undefined);
  console.log(`${outcomes.length - missed.length} of ${outcomes.length} caught`);
  if (missed.length > 0) process.exitCode = 1;
}

function isChosen({ name, caughtBy }: SeededBug): boolean {
  if (positionals.length > 0 && !positionals.includes(name)) return false;
  const { with: text } = values;
  return text === undefined || caughtBy.some((catcher) => describeCatcher(catcher).includes(text));
}

async function hunt(bug: SeededBug): Promise<Outcome> {
  const { folder, remove } = plant(bug);
  const began = performance.now();
  try {
    for (const catcher of bug.caughtBy) {
      const seconds = (): number => Math.round((performance.now() - began) / 1000);
      if (!(await passes(folder, catcher)))
        return { name: bug.name, caughtBy: describeCatcher(catcher), seconds: seconds() };
    }
    return { name: bug.name, caughtBy: undefined, seconds: Math.round((performance.now() - began) / 1000) };
  } finally {
    remove();
  }
}

function passes(folder: string, catcher: Catcher): Promise<boolean> {
  const args =
    'test' in catcher
      ? ['--test', '--test-timeout=120000', ...catcher.test.split(' ')]
      : ['scripts/with-node.js', 'tests/proof/main.ts', '--no-record', ...catcher.proof];
  const path = `${join(ROOT, 'node_modules', '.bin')}:${process.env['PATH'] ?? ''}`;
  // A group of its own: what a test leaves running, because the bug made it fail, is ended with it.
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { ...process.env, PATH: path },
    stdio: 'ignore',
    detached: true,
  });
  const { pid } = child;
  const endGroup = (): void => {
    try {
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
    } catch {
      // Nothing of it is left.
    }
  };
  const timer = setTimeout(endGroup, LIMIT_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      endGroup();
      resolve(code === 0);
    });
  });
}
