/**
 * The API for whoever runs the server, under `/-/api/`: requests are signed as S3's are, and only root may ask.
 *
 * `POST /-/api/fsck`: checks the store beside the load. Answers lines of JSON while it goes on: `FsckEvent`s, of which
 * the last is the result, unless the server ends before (docs/fsck.md).
 *
 * `GET /-/api/damage`: a `DamageReport`, which blobs are known to be damaged, and how far the scrub is.
 */

import { MessageChannel } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { S3Error } from '@cistern/protocol';
import type { DamageReport } from '../catalog/scrub.ts';
import type { User } from '../config.ts';
import type { FsckEvent } from '../fsck/report.ts';
import type { Reply } from '../http/reply.ts';
import { BUSY } from '../threads/fsck-handle.ts';

export interface AdminApiOptions {
  /** Starts a check whose events go to the port. */
  readonly startFsck: (port: MessagePort, quick: boolean) => void;
  readonly damage: () => Promise<DamageReport>;
}

type Message = FsckEvent | typeof BUSY;

export class AdminApi {
  readonly #options: AdminApiOptions;

  constructor(options: AdminApiOptions) {
    this.#options = options;
  }

  /** @throws S3Error AccessDenied for everybody but root, before anything else is told */
  async reply(method: string, target: string, user: User): Promise<Reply> {
    if (!user.root) throw new S3Error('AccessDenied', 'Only root may use the API under /-/api/.');
    const mark = target.indexOf('?');
    const path = mark === -1 ? target : target.slice(0, mark);
    const query = mark === -1 ? '' : target.slice(mark + 1);
    if (path === '/-/api/damage') return this.#damage(method, query);
    if (path !== '/-/api/fsck')
      throw new S3Error('NoSuchKey', 'There is no such page. There are /-/api/fsck and /-/api/damage.');
    if (method !== 'POST') throw new S3Error('MethodNotAllowed');
    return this.#fsck(query);
  }

  async #damage(method: string, query: string): Promise<Reply> {
    if (method !== 'GET') throw new S3Error('MethodNotAllowed');
    if (query !== '') throw new S3Error('InvalidArgument', 'There are no parameters.');
    const bytes = Buffer.from(`${JSON.stringify(await this.#options.damage())}\n`);
    return { status: 200, headers: ['Content-Type', 'application/json'], body: { kind: 'bytes', bytes } };
  }

  async #fsck(query: string): Promise<Reply> {
    if (query !== '' && query !== 'quick' && query !== 'quick=')
      throw new S3Error('InvalidArgument', 'The only parameter of a check is quick.');
    const { port1, port2 } = new MessageChannel();
    const messages = messagesOf(port1);
    this.#options.startFsck(port2, query !== '');
    const first = await messages.next();
    if (first.value === BUSY) throw new S3Error('ServiceUnavailable', 'A check is under way already.');
    return {
      status: 200,
      headers: ['Content-Type', 'application/x-ndjson'],
      body: { kind: 'lines', lines: linesOf(first.value as FsckEvent | undefined, messages) },
    };
  }
}

async function* linesOf(
  first: FsckEvent | undefined,
  others: AsyncGenerator<Message>,
): AsyncGenerator<string> {
  let last = first;
  try {
    if (first !== undefined) yield `${JSON.stringify(first)}\n`;
    for await (const message of others) {
      if (message === BUSY) continue;
      last = message;
      yield `${JSON.stringify(message)}\n`;
    }
  } finally {
    await others.return(undefined);
  }
  if (last?.type === 'result' || last?.type === 'failed') return;
  const failed: FsckEvent = { type: 'failed', message: 'The server has ended the check.' };
  yield `${JSON.stringify(failed)}\n`;
}

/** Until the other side closes; whoever stops before closes this one. */
async function* messagesOf(port: MessagePort): AsyncGenerator<Message> {
  const waiting: Message[] = [];
  let open = true;
  let wake = (): void => undefined;
  port.on('message', (message: Message) => {
    // For a client that is slow the newest progress is enough.
    const last = waiting.at(-1);
    if (last !== undefined && last !== BUSY && last.type === 'progress') waiting.pop();
    waiting.push(message);
    wake();
  });
  port.once('close', () => {
    open = false;
    wake();
  });
  try {
    for (;;) {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) yield next;
      if (!open) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    port.close();
  }
}
