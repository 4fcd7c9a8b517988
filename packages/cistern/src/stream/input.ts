/** What `put` stores: a file, or what comes from a pipe. */

import { constants, createReadStream, openSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import type { Cli } from '../command/cli.ts';
import { notFound, usage } from '../failures/failure.ts';

export type Input =
  | { readonly kind: 'file'; readonly path: string; readonly size: number; readonly open: Open }
  | { readonly kind: 'stream'; readonly isTerminal: boolean; readonly open: Open };

/** Can be read once, and ends with an error when `cli.signal` fires, though nothing comes. */
type Open = () => AsyncIterable<Uint8Array>;

/** @throws {Failure} */
export async function openInput(cli: Cli, text: string): Promise<Input> {
  if (text === '-') {
    return { kind: 'stream', isTerminal: cli.stdin.isTTY, open: () => addAbortSignal(cli.signal, cli.stdin) };
  }
  const path = resolve(text);
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    const message =
      cause.code === 'ENOENT' ? `There is no ${text}` : `${text} cannot be read: ${cause.message}`;
    throw notFound(message, 'put takes a file of this machine, or a pipe. From another store: cistern cp.');
  });
  if (found.isDirectory()) throw usage(`${text} is a folder`, `cistern cp -r ${text} PLACE copies it.`);
  const open = (): AsyncIterable<Uint8Array> => createReadStream(path, { signal: cli.signal });
  if (found.isFile()) return { kind: 'file', path, size: found.size, open };
  // A named pipe, or what a shell gives for <(command).
  const openPipe = (): AsyncIterable<Uint8Array> => {
    if (found.isFIFO()) {
      if (cli.signal.aborted) endWait(path);
      else cli.signal.addEventListener('abort', () => endWait(path), { once: true });
    }
    return open();
  };
  return { kind: 'stream', isTerminal: false, open: openPipe };
}

/**
 * Whoever opens a pipe waits for one who writes, and cannot be called back: so there is one. It stays, since the other may come to open
 * it only then; the process is about to end.
 */
function endWait(path: string): void {
  try {
    openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  } catch {
    // It is gone: nobody waits any more, or a second Ctrl-C ends it.
  }
}
