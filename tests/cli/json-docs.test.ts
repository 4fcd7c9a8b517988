/** @module What `--json` prints is documented: each command that has it, each `type`, each name in a document. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
/** One may be of several commands. */
const sections = new Map(
  document.split(/^## /m).flatMap((text) => {
    const headings = text.split('\n', 1)[0]?.split(', ') ?? [];
    return headings.map((heading): [string, string] => [heading, text]);
  }),
);

/** What stands in backticks in a command's section, and in the one that it says it is like. */
function wordsOf(name: string): Set<string> {
  const section = sections.get(name) ?? '';
  const like = /^As `(\w+)`/m.exec(section)?.[1];
  const own = [...section.matchAll(/`([\w-]+)/g)].map(([, word = '']) => word);
  return new Set([...own, ...(like === undefined ? [] : wordsOf(like))]);
}

const golden = fileURLToPath(new URL('./golden/json/', import.meta.url));

/** Those of a command, and of what is below it. */
function shapesOf(name: string): Record<string, unknown>[] {
  const files = readdirSync(golden).filter((file) => file.replace(/(?:-.*)?\.txt$/, '') === name);
  assert.notEqual(files.length, 0, `no golden file has the shapes of cistern ${name} --json`);
  const texts = files.flatMap((file) =>
    readFileSync(join(golden, file), 'utf8')
      .trim()
      .split(/\n(?=\{)/),
  );
  return texts.map((text) => JSON.parse(text) as Record<string, unknown>);
}

/** What users name themselves, and what the beginning of the document says of all. */
const OPAQUE = ['metadata', 'tags', 'error'];

function fieldsIn(value: object): string[] {
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) => {
    if (typeof one !== 'object' || one === null || OPAQUE.includes(name)) return [name];
    return Array.isArray(one)
      ? [name, ...one.flatMap((each) => (typeof each === 'object' ? fieldsIn(each as object) : []))]
      : [name, ...fieldsIn(one)];
  });
}

suite('documents of --json', () => {
  for (const name of [...names].filter((one) => !ELSEWHERE.includes(one))) {
    test(name, () => {
      assert.ok(sections.has(name), `docs/command-line-json.md has no section ## ${name}`);
      const words = wordsOf(name);
      for (const { type, ...fields } of shapesOf(name)) {
        assert.ok(typeof type === 'string' && words.has(type), `the type ${String(type)} is not documented`);
        for (const field of fieldsIn(fields)) {
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
