/** The store in a zip archive keeps the contract: in a file, inside another store, and in one that cannot decide conditions. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { memory } from './memory.ts';
import { contract } from './testing/contract.ts';
import { zip } from './zip.ts';

const folder = mkdtempSync(join(tmpdir(), 'cistern-zip-'));
const runner = { suite, test, after };

contract({ name: 'zip', runner, open: () => zip(join(folder, 'a.zip')) });
contract({ name: 'zip in memory', runner, open: () => zip({ store: memory(), key: 'a.zip' }) });

after(() => rmSync(folder, { recursive: true, force: true }));
