/** @module What `--json` prints is documented: each command that has it, each `type`, each name in a document. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { Cli } from '../../packages/cistern/src/command/cli.ts';
import { allNodes, commandTree } from '../../packages/cistern/src/completion/tree.ts';

/** A server's data directory and a server's speed are told of elsewhere: docs/fsck.md. */
const ELSEWHERE = ['fsck'];

const { env, stdout, stderr, stdin } = process;
const tree = await commandTree(new Cli({ env, stdout, stderr, stdin }));
const withJson = allNodes(tree).filter(({ flags }) => flags.some(({ long }) => long === '--json'));
/** Those below a command are in its section. */
const names = new Set(withJson.map(({ path }) => path.split(' ')[0] ?? ''));

const document = readFileSync(new URL('../../docs/command-line-json.md', import.meta.url), 'utf8');
const sections = new Map(
  document.split(/^## /m).map((text): [string, string] => [text.split('\n', 1)[0] ?? '', text]),
);

/** What stands in backticks in a command's section, and in the one that it says it is like. */
function wordsOf(name: string): Set<string> {
  const section = sections.get(name) ?? '';
  const like = /^As `(\w+)`/m.exec(section)?.[1];
  const own = [...section.matchAll(/`([\w-]+)/g)].map(([, word = '']) => word);
  return new Set([...own, ...(like === undefined ? [] : wordsOf(like))]);
}

function shapesOf(name: string): Record<string, unknown>[] {
  const path = new URL(`./golden/json/${name}.txt`, import.meta.url);
  assert.ok(existsSync(path), `no golden file has the shapes of cistern ${name} --json`);
  const shapes = readFileSync(path, 'utf8')
    .trim()
    .split(/\n(?=\{)/);
  return shapes.map((shape) => JSON.parse(shape) as Record<string, unknown>);
}

suite('documents of --json', () => {
  for (const name of [...names].filter((one) => !ELSEWHERE.includes(one))) {
    test(name, () => {
      assert.ok(sections.has(name), `docs/command-line-json.md has no section ## ${name}`);
      const words = wordsOf(name);
      for (const { type, ...fields } of shapesOf(name)) {
        assert.ok(typeof type === 'string' && words.has(type), `the type ${String(type)} is not documented`);
        for (const field of Object.keys(fields)) {
          assert.ok(words.has(field), `${field} of ${type} is not documented`);
        }
      }
    });
  }

  test('no section is of a command that is none', () => {
    const headings = [...sections.keys()].slice(1);
    assert.deepEqual(
      headings.filter((one) => !names.has(one)),
      [],
    );
  });
});
