/**
 * Proves the published form of our packages: builds them into a temporary folder, installs them there with nothing but
 * what they declare, and uses them as a stranger would, as plain JavaScript and from a typed program. Run in CI; slow.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildPackages, ROOT } from './build-packages.ts';
import type { BuiltPackage } from './build-packages.ts';

/** Without type stripping a forgotten `.ts` cannot run by accident. */
const PLAIN = ['--no-strip-types'];
const START_MS_MAX = 15_000;

function install(folder: string, packages: readonly BuiltPackage[]): void {
  const link = (name: string, target: string): void => {
    const path = join(folder, 'node_modules', name);
    mkdirSync(dirname(path), { recursive: true });
    symlinkSync(target, path, 'junction');
  };
  const ours = new Set(packages.map(({ source }) => source.name));
  const theirs = new Set(packages.flatMap(({ source }) => Object.keys(source.dependencies ?? {})));
  for (const built of packages) link(built.source.name, built.folder);
  for (const name of theirs) if (!ours.has(name)) link(name, join(ROOT, 'node_modules', name));
  link('@types/node', join(ROOT, 'node_modules', '@types', 'node'));
}

function runNode(folder: string, args: readonly string[]): string {
  return execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
}

function importEach(folder: string, packages: readonly BuiltPackage[]): void {
  for (const { source } of packages) {
    for (const path of Object.keys(source.exports)) {
      const name = source.name + path.slice(1);
      const code = `console.log(Object.keys(await import('${name}')).length)`;
      const names = runNode(folder, [...PLAIN, '--input-type=module', '--eval', code]).trim();
      if (names === '0') throw new Error(`${name} exports nothing`);
      console.log(`import ${name}: ${names} names`);
    }
  }
}

/** Every backend is loaded when a URL asks for it: without the optional peers, which are not installed here. */
function openEach(folder: string): void {
  const at = (scheme: string, name: string): string =>
    pathToFileURL(join(folder, name)).href.replace('file:', scheme);
  const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
  const azure = { connectionString: 'UseDevelopmentStorage=true' };
  const stores = [
    ['mem:'],
    [at('file:', 'files')],
    [at('hashed:', 'hashed')],
    [at('sqlite:', 'store.db')],
    [at('zip:', 'store.zip')],
    ['s3://bucket', { credentials }],
    ['az://bucket', { credentials: azure }],
  ];
  const code = `
    const { open } = await import('@cistern/store');
    for (const [url, options] of ${JSON.stringify(stores)}) {
      await using store = await open(url, options);
      if (/^(s3|az):/.test(url)) continue;
      await store.put('a', 'x');
      if ((await store.get('a').text()) !== 'x') throw new Error(url);
    }`;
  runNode(folder, [...PLAIN, '--input-type=module', '--eval', code]);
  console.log(`@cistern/store: opens ${stores.length} kinds of stores by URL`);
}

function checkTypes(folder: string, packages: readonly BuiltPackage[]): void {
  const names = packages.flatMap(({ source }) =>
    Object.keys(source.exports).map((path) => source.name + path.slice(1)),
  );
  const lines = names.map((name, index) => `import * as p${index} from '${name}';\nexport { p${index} };\n`);
  const use = `import { startServer } from 'cistern';\nexport const endpoint: string = (await startServer()).endpoint;\n`;
  writeFileSync(join(folder, 'consumer.mts'), lines.join('') + use);
  const options = [
    '--noEmit',
    '--strict',
    '--ignoreConfig',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    'node',
  ];
  runNode(folder, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'consumer.mts']);
  console.log('types: a strict program that uses every export compiles');
}

async function checkCommand(launcher: string, version: string, folder: string): Promise<void> {
  const printed = runNode(folder, [...PLAIN, launcher, '--version']).trim();
  if (printed !== version)
    throw new Error(`cistern --version prints ${printed}, and the package is ${version}`);
  // Its text is a file that no import leads to: the build has to copy it.
  const help = runNode(folder, [...PLAIN, launcher, 'serve', '--help']);
  if (!help.includes('CISTERN_USERS')) throw new Error(`cistern serve --help is not whole:\n${help}`);
  const args = [...PLAIN, launcher, 'serve', '--port', '0', '--data', join(folder, 'data'), '--threads', '2'];
  const server = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(server, 'exit') as Promise<[number | null]>;
  const timer = setTimeout(() => server.kill('SIGKILL'), START_MS_MAX);
  try {
    const endpoint = await readEndpoint(server.stdout);
    const answer = await fetch(`${endpoint}/-/health/ready`);
    if (answer.status !== 200) throw new Error(`/-/health/ready answers ${answer.status}`);
    server.kill('SIGTERM');
    const [code] = await ended;
    if (code !== 0) throw new Error(`cistern serve ends with ${code} on SIGTERM`);
    console.log(`cistern ${version}: serves from built files and ends in order`);
  } finally {
    clearTimeout(timer);
    server.kill('SIGKILL');
  }
}

/** @returns the address in what `cistern serve` prints. */
async function readEndpoint(output: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of output) {
    text += chunk.toString();
    const found = /https?:\/\/[\w.:[\]]+:\d+/.exec(text);
    if (found !== null) return found[0];
  }
  throw new Error(`cistern serve ended before it printed an address:\n${text}`);
}

const folder = mkdtempSync(join(tmpdir(), 'cistern-exports-'));
try {
  const packages = await buildPackages(join(folder, 'packages'));
  install(folder, packages);
  importEach(folder, packages);
  openEach(folder);
  checkTypes(folder, packages);
  const command = packages.find(({ source }) => source.name === 'cistern');
  const path = command?.source.bin?.['cistern'];
  if (command === undefined || path === undefined) throw new Error('no package has the command cistern');
  await checkCommand(join(command.folder, path), command.source.version, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
