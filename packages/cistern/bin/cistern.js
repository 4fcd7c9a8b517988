#!/usr/bin/env node
// Starts the command line on a Node.js that can run it: this one, or the one that the repository pins.

import { existsSync } from 'node:fs';
import module from 'node:module';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const LEAST = 24;

if (Number(process.versions.node.split('.')[0]) >= LEAST) {
  // Compiled code is kept between runs: a start takes about half the time.
  module.enableCompileCache?.();
  const source = new URL('../src/cli.ts', import.meta.url);
  await import(existsSync(source) ? source.href : new URL('../dist/cli.js', import.meta.url).href);
} else {
  const pinned = fileURLToPath(new URL('../../../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    console.error(`cistern needs Node.js ${LEAST} or newer, and this is ${process.version}. Install a newer one: https://nodejs.org`);
    process.exit(1);
  }
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
