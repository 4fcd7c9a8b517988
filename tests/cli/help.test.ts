/**
 * @module The help of each command in the table, and the overview: kept in `golden/help/`, one file a command, those below a
 * command included. Run in this process, because none of it needs one of its own.
 */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { suite, test } from 'node:test';
import { Cli } from '../../packages/cistern/src/command/cli.ts';
import { GROUPS } from '../../packages/cistern/src/command/command-entry.ts';
import { run } from '../../packages/cistern/src/command/run.ts';
import { COMMANDS } from '../../packages/cistern/src/commands/table.ts';
import { golden } from './cli.ts';

const COLUMNS_MAX = 100;
/** Terminals wrap what stands in files of their own; their texts are older than this rule. */
const OWN_TEXTS = ['serve', 'fsck'];

interface Helped {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function runHere(args: readonly string[]): Promise<Helped> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const cli = new Cli({
    env: {},
    stdout: stdout as unknown as NodeJS.WriteStream,
    stderr: stderr as unknown as NodeJS.WriteStream,
    stdin: process.stdin,
  });
  const printed = Promise.all([text(stdout), text(stderr)]);
  await run(cli, args);
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code: cli.exitCode, out, err };
}

async function help(...names: readonly string[]): Promise<string> {
  const { code, out, err } = await runHere([...names, '--help']);
  assert.equal(code, 0, err);
  assert.equal(err, '');
  return out;
}

/** Below a command, as its help lists them. */
function commandsIn(page: string): string[] {
  const [, list = ''] = /\nCommands:\n((?: +.*\n)+)/.exec(page) ?? [];
  const names = [...list.matchAll(/^ {2}([a-z][\w-]*)/gm)].map(([, name = '']) => name);
  return names.filter((name) => name !== 'help');
}

function checkPage(name: string, page: string): void {
  golden(`help/${name.replaceAll(' ', '-')}.txt`, page);
  if (OWN_TEXTS.includes(name)) return;
  const long = page.split('\n').filter((line) => line.length > COLUMNS_MAX);
  assert.deepEqual(long, [], `lines of ${name} --help are longer than ${COLUMNS_MAX}`);
}

suite('help', () => {
  test('the overview names every command, and places', async () => {
    const page = await help();
    checkPage('cistern', page);
    for (const { name, summary } of COMMANDS) assert.ok(page.includes(summary), name);
    for (const [group, title] of Object.entries(GROUPS)) {
      const isUsed = COMMANDS.some((one) => one.group === group);
      assert.equal(page.includes(`\n${title}:\n`), isUsed, `${title} without commands is not shown`);
    }
  });

  for (const { name, aliases = [], summary } of COMMANDS) {
    test(name, async () => {
      const page = await help(name);
      checkPage(name, page);
      assert.match(page, new RegExp(`^Usage: cistern ${name} `));
      assert.match(page, /^Examples:$/m, `${name} --help has no examples`);
      assert.doesNotMatch(summary, /\.$/, 'a summary has no full stop');
      for (const alias of aliases) assert.equal(await help(alias), page);
      for (const sub of commandsIn(page)) {
        const below = await help(name, sub);
        checkPage(`${name} ${sub}`, below);
        assert.match(below, new RegExp(`^Usage: cistern ${name} ${sub}`));
      }
    });
  }

  test('one that is mistyped is told, with the one that was probably meant', async () => {
    const { code, err } = await runHere(['lss']);
    assert.equal(code, 2);
    assert.match(err, /no command lss\. Did you mean ls\?/);
  });

  test('what is written as other tools have it is told, with how it is here', async () => {
    for (const [args, code, said] of [
      [['delete', 's3://photos/a'], 2, /no command delete\. Did you mean rm\?/],
      [['version'], 2, /Did you mean --version\?/],
      [['cp', '-R', 'a', 's3://photos'], 2, /unknown option '-R'\n\(Did you mean -r\?\)\n/],
      [['find', '-name', '*.jpg'], 2, /unknown option '-name'\n\(Did you mean --name\?\)\n/],
      [['find', '-x'], 2, /unknown option '-x'\n\(cistern find --help/],
      [['ls', 'no-such-name'], 3, /nothing at no-such-name\n.* a bucket is s3:\/\/no-such-name\n/],
      [['mb', 'no-such-name'], 2, /no-such-name has no buckets\n.* s3:\/\/no-such-name\n/],
      [['presign', 'no-such-name'], 2, /no-such-name has no URL/],
      [['put', 'no-such-name', 'mem:'], 3, /There is no no-such-name\n/],
    ] as const) {
      const ran = await runHere(args);
      assert.match(ran.err, said);
      assert.equal(ran.code, code);
    }
  });
});
