/**
 * @module `cistern completion`: the scripts, in the shells that are here. Bash is asked as readline asks it, fish by its own
 * `complete -C`; of zsh the syntax is looked at.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { before, suite, test } from 'node:test';
import { cliHome, LAUNCHER } from './cli.ts';

const home = cliHome();
const bin = join(home.folder, 'bin');
const env = { ...home.env, PATH: `${bin}${delimiter}${home.env['PATH']}` };

function hasShell(name: string): string | false {
  return spawnSync(name, ['--version'], { env }).status === 0 ? false : `needs ${name}`;
}

function shell(name: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(name, args, { env, cwd: home.folder, encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
  return stdout;
}

const scripts = new Map<string, string>();

before(async () => {
  mkdirSync(bin);
  const launch = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(bin, 'cistern'), launch, { mode: 0o755 });
  mkdirSync(join(home.folder, 'folder'));
  writeFileSync(join(home.folder, 'folder', 'a file'), '');
  await Promise.all(['prod', 'play'].map((name) => home.ok(['remote', 'add', name, 's3://'])));
  for (const name of ['bash', 'zsh', 'fish']) {
    const path = join(home.folder, `completion.${name}`);
    writeFileSync(path, await home.ok(['completion', name]));
    scripts.set(name, path);
  }
});

suite('completion', () => {
  test('bash', { skip: hasShell('bash') }, () => {
    /** As readline does it: the script sees the line, and gives what may stand for its last word. */
    const lines: [line: string, expected: string[]][] = [
      ['cistern rem', ['remote']],
      ['cistern remote ', ['add', 'ls', 'show', 'rename', 'rm']],
      ['cistern remote r', ['rename', 'rm']],
      ['cistern remote rm p', ['play', 'prod']],
      ['cistern ls --addr', ['--addressing']],
      ['cistern ls --addressing ', ['auto', 'path', 'virtual']],
      ['cistern ls --addressing=v', ['virtual']],
      ['cistern ls --endpoint ', []],
      ['cistern ls pr', ['prod:']],
      ['cistern ls --region eu s3', ['s3://']],
      ['cistern --help ls fol', ['folder']],
      ['cistern ls prod:', []],
      ['cistern ls zip:folder/', ['folder/a file']],
      ['cistern remote add --credentials-file folder/a', ['folder/a file']],
      ['cistern completion z', ['zsh']],
      ['cistern remote add x y --from', ['--from-env']],
      ['cistern fsck --quick --js', ['--json']],
    ];
    const asks = lines.map(
      ([line]) =>
        `COMP_LINE='${line}' COMP_POINT=${line.length}; _cistern; printf '%s\\0' "\${COMPREPLY[@]}" end`,
    );
    const printed = shell('bash', ['--norc', '-c', [`source '${scripts.get('bash')}'`, ...asks].join('\n')]);
    const answers = printed.split('end\0').map((one) => one.split('\0').filter((word) => word !== ''));
    for (const [index, [line, expected]] of lines.entries()) {
      assert.deepEqual(answers[index]?.sort(), expected.sort(), line);
    }
  });

  test('zsh reads its script', { skip: hasShell('zsh') }, () => {
    shell('zsh', ['-f', '-n', scripts.get('zsh') ?? '']);
  });

  test('fish', { skip: hasShell('fish') }, () => {
    const cases: [line: string, expected: RegExp][] = [
      ['cistern rem', /^remote\tName places/m],
      ['cistern remote r', /^rename\t.*\n^rm\t/m],
      ['cistern remote rm p', /^play\n^prod$/m],
      ['cistern ls --addressing ', /^auto\t.*\n^path\t.*\n^virtual\t/m],
      ['cistern ls p', /^play:\n^prod:$/m],
    ];
    for (const [line, expected] of cases) {
      const asked = shell('fish', ['-N', '-c', `source ${scripts.get('fish')}; complete -C '${line}'`]);
      assert.match(asked, expected, line);
    }
  });

  test('each command and each flag is in every script', async () => {
    const page = await home.ok(['remote', 'add', '--help']);
    const flags = [...page.matchAll(/^ {2,6}(?:-\w, )?--([a-z-]+)/gm)].map(([, name = '']) => name);
    assert.ok(flags.length > 10);
    for (const name of scripts.keys()) {
      const text = await home.ok(['completion', name]);
      for (const flag of flags) {
        assert.ok(text.includes(name === 'fish' ? `-l ${flag} ` : `--${flag}`), `${name}: --${flag}`);
      }
      assert.ok(!text.includes('--remotes['), 'what scripts ask for is not offered');
    }
    assert.equal((await home.run(['completion', 'tcsh'])).code, 2);
    assert.equal((await home.run(['completion'])).code, 2);
  });
});
