/**
 * The requests of a connection, one after another. Node hands a pipelined request over as soon as it is parsed, while
 * the ones before it are still being answered. Run at once, a GET would not see the PUT before it, and one client could
 * have thousands of objects on their way into memory. It knows nothing of S3.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

interface Connection {
  /**
   * The newest request. Undefined once it has come whole and its answer has gone: one that a connection kept until the next
   * would be copied by each collection of young garbage, and most of them into the old generation.
   */
  request: IncomingMessage | undefined;
  /** Undefined once it is closed, as is the one before it. */
  response: ServerResponse | undefined;
  /** The response to the request before it. */
  before: ServerResponse | undefined;
  /** Listens to every response of the connection. */
  readonly onClose: (this: ServerResponse) => void;
  /** Requests that have not been started. */
  waiting: number;
  /** Whether the socket is kept from reading as long as requests wait. */
  held: boolean;
}

export class InOrder {
  readonly #waitingMax: number;
  readonly #connections = new WeakMap<Duplex, Connection>();
  readonly #broken = new WeakSet<Duplex>();

  /** @param waitingMax requests that may wait on one connection; with one more it is closed */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Calls `start` when all earlier requests of the connection have been answered; never if it ends before. */
  run(request: IncomingMessage, response: ServerResponse, start: () => void): void {
    const { socket } = request;
    let connection = this.#connections.get(socket);
    if (connection === undefined) this.#connections.set(socket, (connection = newConnection()));
    const before = connection.response;
    connection.request = request;
    connection.response = response;
    connection.before = before;
    response.on('close', connection.onClose);
    if (before === undefined) {
      start();
      return;
    }
    if (++connection.waiting > this.#waitingMax) {
      socket.destroy();
      return;
    }
    hold(socket, connection);
    before.once('close', () => {
      connection.waiting--;
      if (!socket.writable) return;
      if (connection.waiting === 0) socket.resume();
      start();
    });
  }

  /** Whether the connection waits for its client and for nothing else. */
  idle(socket: Duplex): boolean {
    return this.#connections.get(socket)?.response === undefined;
  }

  /** Whether an answer is under way that the client has not taken, or the connection has served its last request. */
  waitsForClient(socket: Duplex): boolean {
    const connection = this.#connections.get(socket);
    return connection !== undefined && (connection.response === undefined || socket.writableLength > 0);
  }

  /**
   * Calls `answer` when it may write to the connection an answer to what could not be parsed: once all good requests
   * before it have theirs. Closes the connection when it is too late for that. Only the first call for a connection
   * counts: nothing good follows.
   */
  afterGood(socket: Duplex, answer: () => void): void {
    if (this.#broken.has(socket)) return;
    this.#broken.add(socket);
    const connection = this.#connections.get(socket);
    // What could not be parsed is the body of this request, or comes after it.
    const inBody = connection?.request?.complete === false;
    if (inBody && connection?.response?.headersSent !== false) {
      socket.destroy();
      return;
    }
    const last = inBody ? connection.before : connection?.response;
    if (last === undefined) answer();
    else last.once('close', answer);
  }
}

function newConnection(): Connection {
  const connection: Connection = {
    request: undefined,
    response: undefined,
    before: undefined,
    waiting: 0,
    held: false,
    onClose() {
      if (connection.before === this) connection.before = undefined;
      if (connection.response !== this) return;
      connection.response = undefined;
      if (connection.request?.complete === true) connection.request = undefined;
    },
  };
  return connection;
}

/** Reads nothing more while requests wait: Node itself sets the socket going again after every message. */
function hold(socket: Duplex, connection: Connection): void {
  if (!connection.held) {
    connection.held = true;
    socket.on('resume', () => {
      if (connection.waiting > 0) stop(socket);
    });
  }
  stop(socket);
}

/**
 * A stream that is paused between `resume` and the event of it is set going all the same, and pausing it once more does
 * nothing: Node's HTTP server stops reading when it hears the event, so it is told.
 */
function stop(socket: Duplex): void {
  socket.pause();
  socket.emit('pause');
}
