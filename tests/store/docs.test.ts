/** The programs in the pages about the store library do what they say: each block of JavaScript is run. */

import { execFile } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT_MS = 60_000;

for (const page of globSync(['docs/store*.md', 'packages/store/README.md'], { cwd: ROOT }).sort()) {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8');
  suite(page, () => {
    let heading = basename(page);
    for (const [, title, program] of text.matchAll(/^##+ ([^\n]*)$|^```js\n(.*?)^```$/gms)) {
      heading = title ?? heading;
      if (program === undefined) continue;
      test(heading, async () => {
        await run(program);
      });
    }
  });
}

/** Runs a program as a file of the repository, so that it finds the packages. */
async function run(program: string): Promise<void> {
  const folder = mkdtempSync(join(ROOT, 'node_modules', '.docs-'));
  try {
    const path = join(folder, 'program.mjs');
    writeFileSync(path, program);
    // A program that has tests of its own prints them for people.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    await promisify(execFile)(process.execPath, [path], { timeout: TIMEOUT_MS, env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
