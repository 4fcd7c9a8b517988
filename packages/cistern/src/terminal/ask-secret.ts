/** Secrets from a person or a pipe: never from the command line, which other users of the machine can read. */

import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Cli } from '../command/cli.ts';
import { EXIT_INTERRUPTED } from '../command/exit-codes.ts';
import { Failure, usage } from '../failures/failure.ts';

/** No secret is longer. Characters. */
const SECRET_LENGTH_MAX = 16_384;

/**
 * On a terminal it is asked for, and what is typed is not shown; else it is the first line of standard input.
 *
 * @param what such as `Secret access key`
 * @throws {Failure} when there is none, and after Ctrl-C
 */
export async function askSecret({ stdin, stderr }: Cli, what: string): Promise<string> {
  const secret = (stdin.isTTY ? await askOnTerminal(stdin, stderr, what) : await firstLine(stdin)).trim();
  if (secret !== '' && secret.length <= SECRET_LENGTH_MAX) return secret;
  throw usage(`There is no ${what.toLowerCase()} on standard input`, 'It is the first line of it.');
}

async function askOnTerminal(
  stdin: NodeJS.ReadStream,
  stderr: NodeJS.WriteStream,
  what: string,
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 });
  stderr.write(`${what} (not shown): `);
  try {
    return await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve);
      lines.once('SIGINT', () => reject(new Failure('Stopped', { exitCode: EXIT_INTERRUPTED })));
      lines.once('close', () => resolve(''));
    });
  } finally {
    lines.close();
    stderr.write('\n');
  }
}

async function firstLine(stdin: NodeJS.ReadStream): Promise<string> {
  stdin.setEncoding('utf8');
  let text = '';
  stdin.on('data', (chunk: string) => {
    text += chunk;
    // The rest is nobody's: who writes on is told so by the closed pipe.
    if (text.includes('\n') || text.length > SECRET_LENGTH_MAX) stdin.destroy();
  });
  await once(stdin, 'close');
  return text.split('\n', 1)[0] ?? '';
}
