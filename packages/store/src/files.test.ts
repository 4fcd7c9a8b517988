/** The store in a folder of files keeps the contract. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, suite, test } from 'node:test';
import { files } from './files.ts';
import { contract } from './testing/contract.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-files-'));
after(() => rm(root, { recursive: true }));

const runner = { suite, test, after };
contract({ name: 'files', runner, open: () => Promise.resolve(files(join(root, 'plain'))) });
contract({
  name: 'files, portable names',
  runner,
  open: () => Promise.resolve(files(join(root, 'portable'), { portable: true, durable: false })),
});
