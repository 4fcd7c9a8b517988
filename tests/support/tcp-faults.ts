/**
 * @module A way through to a server that is slow, or breaks: bytes late, few at a time, or only so many of them, in either
 * direction. It knows no HTTP; `http-faults.ts` does.
 */

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const PIECES_MAX = 2000;

/** What happens to the bytes of one direction; nothing when left out. */
export interface Way {
  /** before each piece that is passed on */
  readonly delayMs?: number;
  /** the most that are passed on at once, of the first 2,000 pieces: the rest is no other */
  readonly pieceBytes?: number;
  /** after so many, `end` happens, and nothing more is passed on */
  readonly bytesMax?: number;
}

export interface TcpFault {
  /** from the client to the server */
  readonly up?: Way;
  readonly down?: Way;
  /**
   * `reset`: both sides lose the connection at once. `close`: both see an orderly end. `half-close`: the receiver of that
   * direction sees an end, the other direction goes on. `stall`: nothing is heard any more, and nothing is closed.
   */
  readonly end?: 'reset' | 'close' | 'half-close' | 'stall';
}

export interface TcpFaults extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** asked for each connection, in turn */
  rule: () => TcpFault;
  /** Ends what is open, stalled connections too. */
  reset(): void;
}

/** @param target `http://host:port` */
export async function startTcpFaults(target: string): Promise<TcpFaults> {
  const { hostname, port: targetPort } = new URL(target);
  const open = new Set<Socket>();
  const reset = (): void => {
    for (const socket of open) resetSocket(socket);
  };
  const faults = { rule: (): TcpFault => ({}) };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const behind = connect({ host: hostname, port: Number(targetPort), allowHalfOpen: true, noDelay: true });
    for (const [socket, other] of [
      [client, behind],
      [behind, client],
    ] as const) {
      open.add(socket);
      socket.on('error', () => resetSocket(other));
      socket.on('close', () => {
        open.delete(socket);
        if (!socket.readableEnded) other.destroy();
      });
    }
    const { up = {}, down = {}, end = 'close' } = faults.rule();
    void pass(client, behind, up, end);
    void pass(behind, client, down, end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(faults, {
    origin: `http://127.0.0.1:${port}`,
    reset,
    [Symbol.asyncDispose]: async () => {
      reset();
      server.close();
      await once(server, 'close');
    },
  });
}

async function pass(from: Socket, to: Socket, way: Way, end: NonNullable<TcpFault['end']>): Promise<void> {
  const { delayMs = 0, pieceBytes = Infinity, bytesMax = Infinity } = way;
  let passed = 0;
  let pieces = 0;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        if (passed >= bytesMax) return await finish(from, to, end);
        const next = Math.min(
          chunk.length,
          at + (pieces++ < PIECES_MAX ? pieceBytes : Infinity),
          at + bytesMax - passed,
        );
        if (delayMs > 0) await delay(delayMs);
        passed += next - at;
        if (!to.write(chunk.subarray(at, next))) await once(to, 'drain');
        at = next;
      }
    }
    to.end();
  } catch {
    // One of the two is gone: the other hears of it by the events above.
  }
}

async function finish(from: Socket, to: Socket, end: NonNullable<TcpFault['end']>): Promise<void> {
  if (end === 'reset') {
    resetSocket(from);
    resetSocket(to);
  } else if (end === 'close') {
    to.end();
    from.end();
    from.resume();
    to.resume();
  } else if (end === 'half-close') {
    to.end();
    from.resume();
  }
  // Whoever stalls keeps both open, and reads nothing.
  if (end === 'stall') await Promise.race([once(from, 'close'), once(to, 'close')]);
}

/** At once, with a reset where there can be one: after its end, Node.js would leave the socket open for ever. */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
