/** @module The program in docs/live-uploads.md is the one in examples/, and does what it says. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const EXAMPLE = fileURLToPath(new URL('../../examples/live-upload.js', import.meta.url));
const GUIDE = new URL('../../docs/live-uploads.md', import.meta.url);
const TIMEOUT_MS = 60_000;

test('the program of the guide follows an upload with the AWS SDK', async () => {
  const source = readFileSync(EXAMPLE, 'utf8');
  const program = source.slice(source.indexOf('import'));
  assert.ok(readFileSync(GUIDE, 'utf8').includes(`\`\`\`js\n${program}\`\`\`\n`));
  const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE], { timeout: TIMEOUT_MS });
  assert.match(stdout, /^120005 bytes\n"[0-9a-f]{32}-2"\n$/);
});
