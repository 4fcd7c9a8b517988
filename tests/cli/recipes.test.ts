/**
 * @module The recipes, `docs/recipes.md`: each runs as it stands in the page, in a folder and with a server of its own, and prints what the
 * page says. With `CISTERN_UPDATE_GOLDEN=1` what it prints is written there instead: look at the difference before committing it.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { after, suite, test } from 'node:test';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import { needsOwnServer, startTestServer } from '../support/server.ts';
import { cliHome, LAUNCHER } from './cli.ts';
import { compare, ID, parseRecipes } from './recipes.ts';
import type { Recipe, Step } from './recipes.ts';

const PAGE = new URL('../../docs/recipes.md', import.meta.url);
const page = readFileSync(PAGE, 'utf8');
const recipes = parseRecipes(page);
/** The keys that the page shows. */
const KEYS = { accessKeyId: 'ANNA123', secretAccessKey: 'annas-secret-key' };
/** What begins every recipe, as the page says. */
const BUCKETS = ['backups', 'logs', 'photos'];
const PICTURES = { 'beach.jpg': 300_000, 'harbour.jpg': 200_000, 'notes.txt': 1_000 };

const usesAzure = ({ steps }: Recipe): boolean => steps.some(({ command }) => command.includes('az://'));
const usesOther = ({ steps }: Recipe): boolean => steps.some(({ command }) => command.includes(':9001'));

/** Names that stand for what is another one in each run. */
type Names = readonly (readonly [ofPage: string, ofRun: string])[];

interface World {
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly names: Names;
}

async function startWorld(recipe: Recipe): Promise<World> {
  const { s3, dataDir } = await startTestServer({ buckets: BUCKETS, credentials: KEYS });
  const home = cliHome(s3);
  const bin = join(home.folder, '.bin');
  mkdirSync(bin);
  const launch = `#!/bin/sh\nexec '${process.execPath}' '${LAUNCHER}' "$@"\n`;
  writeFileSync(join(bin, 'cistern'), launch, { mode: 0o755 });
  mkdirSync(join(home.folder, 'holiday'));
  for (const [name, size] of Object.entries(PICTURES)) {
    writeFileSync(join(home.folder, 'holiday', name), `${name}\n`.repeat(size).slice(0, size - 1) + '\n');
  }
  const env: Record<string, string> = { ...home.env, PATH: `${bin}${delimiter}${home.env['PATH']}` };
  const names: (readonly [string, string])[] = [
    ['http://127.0.0.1:9000', s3.endpoint],
    ['/srv/cistern', dataDir],
    ['/srv/anna', home.folder],
  ];
  if (usesAzure(recipe)) {
    const emulator = await startAzurite();
    after(() => emulator.stop());
    const { endpoint, account, accountKey } = emulator;
    names.push(['http://127.0.0.1:10000/devstoreaccount1', endpoint]);
    env['AZURE_STORAGE_CONNECTION_STRING'] =
      `AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint}`;
  }
  if (usesOther(recipe)) {
    const other = await startTestServer({ buckets: ['photos'], credentials: KEYS });
    names.push(['http://127.0.0.1:9001', other.s3.endpoint]);
  }
  return { env, folder: home.folder, names };
}

/** Commands come on descriptor 3, each ended by a NUL. Each begins with the exit code of the one before, and is followed by its own. */
const SHELL = `
exec 2>&1
again() { return "$1"; }
code=0
while IFS= read -r -d '' -u 3 command; do
  again "$code"
  eval "$command"
  code=$?
  printf '\\001%d\\001' "$code"
done
wait`;

interface Printed {
  readonly text: string;
  readonly code: number;
}

/** One shell for a recipe, so that its variables, jobs and folders last. */
class Shell implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #names: Names;
  readonly #output: AsyncIterator<string, undefined>;

  /** @param signal ends it with all that it has started */
  constructor({ env, folder, names }: World, signal: AbortSignal) {
    this.#names = names;
    const stdio = ['ignore', 'pipe', 'inherit', 'pipe'] as const;
    this.#child = spawn('bash', ['-c', SHELL], { cwd: folder, env, stdio: [...stdio], detached: true });
    const { pid } = this.#child;
    const end = (): void => void (pid !== undefined && process.kill(-pid, 'SIGKILL'));
    signal.addEventListener('abort', end);
    this.#child.once('exit', () => signal.removeEventListener('abort', end));
    this.#output = marked(this.#child.stdout as Readable);
  }

  async run(command: string): Promise<Printed> {
    const translated = this.#names.reduce((text, [ofPage, ofRun]) => text.replaceAll(ofPage, ofRun), command);
    (this.#child.stdio[3] as Writable).write(`${translated}\0`);
    const [text, code] = [await this.#next(), await this.#next()];
    const told = this.#names.reduce((rest, [ofPage, ofRun]) => rest.replaceAll(ofRun, ofPage), text);
    return { text: told.replace(/\n$/, ''), code: Number(code) };
  }

  async #next(): Promise<string> {
    const next = await this.#output.next();
    assert.ok(next.done !== true, 'the shell has ended');
    return next.value;
  }

  /** What is left running ends by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#child, 'close');
    (this.#child.stdio[3] as Writable).end();
    for (let more = true; more; more = (await this.#output.next()).done !== true);
    await closed;
  }
}

/** Gives what stands between marks. */
async function* marked(stream: Readable): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of stream.setEncoding('utf8')) {
    const parts = `${rest}${chunk}`.split('\u0001');
    rest = parts.pop() ?? '';
    yield* parts;
  }
}

const isUpdated = process.env['CISTERN_UPDATE_GOLDEN'] === '1';
/** What the page is to say, by the line of the command. */
const updates = new Map<number, Step>();

async function check(recipe: Recipe, shell: Shell): Promise<void> {
  const before = await shell.run(`( set -e\n${recipe.before}\n)`);
  assert.equal(before.code, 0, `what is before it failed:\n${before.text}`);
  const ids = new Map<string, string>();
  for (const [index, step] of recipe.steps.entries()) {
    const { text, code } = await shell.run(step.command.replace(ID, (id) => ids.get(id) ?? id));
    const [said, printed] = compare(step.prints, text, ids);
    if (isUpdated && said !== printed) {
      updates.set(step.line, { ...step, prints: text });
    } else {
      assert.equal(printed, said, `line ${step.line}: ${step.command}`);
    }
    // A failure is shown as one, or it is none.
    const isShown = recipe.steps[index + 1]?.command === 'echo $?';
    assert.ok(code === 0 || isShown, `line ${step.line}: ${step.command} ended with ${code}:\n${text}`);
  }
}

after(() => {
  if (updates.size === 0) return;
  const lines: string[] = [];
  const old = page.split('\n');
  for (let at = 0; at < old.length; at++) {
    lines.push(old[at] ?? '');
    const step = updates.get(at + 1);
    if (step === undefined) continue;
    const rest = step.command.split('\n').slice(1);
    lines.push(...rest, ...(step.prints === '' ? [] : [step.prints]));
    at += rest.length;
    while (!/^(?:\$ |```$)/.test(old[at + 1] ?? '```')) at++;
  }
  writeFileSync(PAGE, lines.join('\n'));
});

suite('recipes', { concurrency: 3, skip: needsOwnServer }, () => {
  for (const recipe of recipes) {
    test(recipe.title, { skip: usesAzure(recipe) && withoutAzurite, timeout: 90_000 }, async ({ signal }) => {
      await using shell = new Shell(await startWorld(recipe), signal);
      await check(recipe, shell);
    });
  }
});
