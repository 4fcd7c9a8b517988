/** An HTTP proxy on this machine that does to each request what a test says: lets it pass, refuses it, or loses a part of it. */

import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * `flip-request`, `flip-answer`: a byte of the body is another one. `lose-request`: nothing reaches the server.
 * `lose-answer`: the server has done it, and the client hears nothing. `cut-body`: half of the answer's body comes.
 * `shorten`: half of it comes, and says that it is all. `busy`: 503. `twice`: the server gets the request a second time
 * before the client hears of the first. `late-error`: nothing reaches the server, and the answer is S3's error in a
 * document of status 200. `unnamed`: the answer does not say what server it is from.
 */
export type Fault =
  | 'pass'
  | 'flip-request'
  | 'flip-answer'
  | 'lose-request'
  | 'lose-answer'
  | 'cut-body'
  | 'shorten'
  | 'busy'
  | 'twice'
  | 'late-error'
  | 'unnamed';

export interface HttpFaults extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** asked for each request, in turn; the request waits for the answer */
  rule: (request: IncomingMessage) => Fault | Promise<Fault>;
}

/** @param target `http://host:port` */
export async function startHttpFaults(target: string): Promise<HttpFaults> {
  const faults = { rule: (): Fault => 'pass' } as { rule: HttpFaults['rule'] };
  const server = createServer((incoming, outgoing) => {
    handle(target, faults, incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(faults, {
    origin: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

async function handle(
  target: string,
  faults: Pick<HttpFaults, 'rule'>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const fault = await faults.rule(incoming);
  const body = Buffer.concat(await Array.fromAsync(incoming as AsyncIterable<Buffer>));
  if (fault === 'lose-request') {
    outgoing.destroy();
    return;
  }
  if (fault === 'flip-request') flip(body);
  if (fault === 'busy') {
    outgoing.writeHead(503, { 'retry-after': '1', 'x-ms-error-code': 'ServerBusy' }).end();
    return;
  }
  if (fault === 'late-error') {
    outgoing.end('\n <Error><Code>InternalError</Code><Message>Try again</Message></Error>');
    return;
  }
  let answer = await forward(target, incoming, body);
  if (fault === 'twice') answer = await forward(target, incoming, body);
  if (fault === 'lose-answer') {
    outgoing.destroy();
    return;
  }
  if (fault === 'flip-answer') flip(answer.body);
  if (fault === 'unnamed') answer = unnamed(answer);
  if (fault === 'shorten') answer = shorten(answer);
  outgoing.writeHead(answer.status, answer.headers);
  if (fault === 'cut-body')
    outgoing.write(answer.body.subarray(0, answer.body.byteLength / 2), () => outgoing.destroy());
  else outgoing.end(answer.body);
}

function flip(body: Buffer): void {
  if (body.byteLength > 0) body[0] = (body[0] ?? 0) ^ 1;
}

interface Answer {
  readonly status: number;
  readonly headers: string[];
  readonly body: Buffer;
}

function shorten({ status, headers, body }: Answer): Answer {
  const half = body.subarray(0, body.byteLength / 2);
  const at = headers.findIndex((name) => name.toLowerCase() === 'content-length');
  return { status, headers: headers.with(at + 1, `${half.byteLength}`), body: half };
}

function unnamed(answer: Answer): Answer {
  const headers = answer.headers.flatMap((name, index, all) =>
    index % 2 === 1 || name.toLowerCase() === 'server' ? [] : [name, all[index + 1] ?? ''],
  );
  return { ...answer, headers };
}

async function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  const outgoing = request(`${target}${incoming.url}`, {
    method: incoming.method ?? 'GET',
    headers: incoming.rawHeaders,
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return {
    status: answer.statusCode ?? 0,
    headers: answer.rawHeaders,
    body: Buffer.concat(await Array.fromAsync(answer as AsyncIterable<Buffer>)),
  };
}
