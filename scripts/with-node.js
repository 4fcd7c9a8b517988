/**
 * Runs one of our TypeScript files on a Node.js that can: `node scripts/with-node.js scripts/test.ts …`.
 * npm puts the pinned Node.js first in PATH, so that this is normally the running one. Plain JavaScript for any
 * Node.js from 18 on, because its purpose is a clear message on an old one.
 */

import { pathToFileURL } from 'node:url';

const LEAST = 24;

if (Number(process.versions.node.split('.')[0]) < LEAST) {
  console.error(
    `This is Node.js ${process.versions.node}; ${LEAST} or newer is needed. \`npm ci\` installs one beside the other tools, ` +
      'unless it is run with `--omit=optional` or on a platform that package.json does not list: then install Node.js ' +
      'from https://nodejs.org. Run the scripts through npm (`npm test`), which finds the installed one.',
  );
  process.exit(1);
}
const [script, ...rest] = process.argv.slice(2);
process.argv = [process.execPath, script, ...rest];
await import(pathToFileURL(script).href);
