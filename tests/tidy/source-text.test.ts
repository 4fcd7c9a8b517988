/** The checks of the repository see what is code, and only that. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importedModules, namedFiles, packageOf, withoutComments } from './source-text.ts';

test('comments go, and what looks like one in a string stays', () => {
  assert.equal(
    withoutComments("a('http://x') // b\n/* c */ d('/* e */')"),
    "a('http://x')  \n  d('/* e */')",
  );
});

test('every form of import is seen, over several lines too, and none in a comment', () => {
  const text = [
    "import a from 'a';",
    "import type {\n  b,\n} from './b.ts';",
    "import 'c';",
    "export * from './d.ts';",
    "// import e from 'e';",
    "const f = await import('@f/f/deep');",
  ].join('\n');
  assert.deepEqual([...importedModules(text)].sort(), ['./b.ts', './d.ts', '@f/f/deep', 'a', 'c']);
});

test('an export that is not a re-export does not reach into the next statement', () => {
  assert.deepEqual(importedModules("export const a = 1;\nconst from = 'b';"), []);
});

test('worker entries and files read at run time are seen', () => {
  const text = "new Worker(siblingModule(import.meta.url, './w'));\nnew URL('./help.txt', import.meta.url);";
  assert.deepEqual([...namedFiles(text)].sort(), ['./help.txt', './w']);
});

test('a module name tells its package', () => {
  assert.deepEqual(
    ['pino', 'pino/file', '@aws-sdk/client-s3', './x.ts', 'node:fs'].map((module) => packageOf(module)),
    ['pino', 'pino', '@aws-sdk/client-s3', undefined, undefined],
  );
});
