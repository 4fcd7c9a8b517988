/**
 * A hashing thread: MD5 of bodies, in memory shared with gateway threads, because MD5 is the slowest step of receiving a large
 * object and cannot be split. Bodies that come at the same time, from whichever of them, are hashed side by side. A worker
 * entry: it says once that it is ready, and is sent a port by each gateway thread, as long as that has one open.
 */

import { parentPort, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { Md5Lanes, Md5Message } from './md5-lanes.ts';
import type { Md5Piece } from './md5-lanes.ts';
import { LANES } from './md5-module.ts';

export type HashRequest =
  | { readonly kind: 'update'; readonly stream: number; readonly bytes: Uint8Array }
  | { readonly kind: 'digest'; readonly stream: number }
  | { readonly kind: 'drop'; readonly stream: number };

/** In the order of the requests of each stream. */
export type HashReply =
  | { readonly kind: 'updated'; readonly streams: readonly number[] }
  | { readonly kind: 'digest'; readonly stream: number; readonly md5: Uint8Array };

/** A gateway thread. */
interface Source {
  readonly port: MessagePort;
  readonly streams: Map<number, Stream>;
}

interface Stream {
  /** Among those of its source. */
  readonly id: number;
  readonly source: Source;
  readonly message: Md5Message;
  readonly pieces: Md5Piece[];
  /** The digest is wanted when all pieces are hashed. */
  ended: boolean;
}

/**
 * Bytes of a body wait for those of others, as eight are hashed for less than the price of two: until every body has some, or
 * so many pieces of one wait, which is half of what it may have under way, but no longer than this.
 */
const WAITING_PIECES_MAX = 4;
const WAIT_MS_MAX = 3;

class HashThread {
  readonly #parent: MessagePort;
  readonly #lanes = new Md5Lanes();
  readonly #sources = new Set<Source>();
  /** Those that have pieces, in the order in which they are served. */
  readonly #waiting = new Set<Stream>();
  /** Of those, the ones that can wait no longer. */
  readonly #urgent = new Set<Stream>();
  #timed = false;

  constructor(parent: MessagePort) {
    this.#parent = parent;
  }

  listen(): void {
    this.#parent.on('message', (port: MessagePort) => this.#connect(port));
    this.#parent.postMessage('ready');
  }

  #connect(port: MessagePort): void {
    const source: Source = { port, streams: new Map() };
    this.#sources.add(source);
    port.on('message', (request: HashRequest) => {
      this.#take(source, request);
      this.#work();
    });
    port.on('close', () => this.#forget(source));
  }

  #forget(source: Source): void {
    this.#sources.delete(source);
    for (const stream of source.streams.values()) {
      this.#waiting.delete(stream);
      this.#urgent.delete(stream);
    }
  }

  #work(): void {
    do {
      // What came meanwhile joins: there may be no end to this while bodies come.
      for (const port of received(this.#parent)) this.#connect(port as MessagePort);
      for (const source of this.#sources)
        for (const request of received(source.port)) this.#take(source, request as HashRequest);
    } while (this.#advance());
    if (this.#waiting.size > 0 && !this.#timed) this.#workLater();
  }

  #workLater(): void {
    this.#timed = true;
    setTimeout(() => {
      this.#timed = false;
      for (const stream of this.#waiting) this.#urgent.add(stream);
      this.#work();
    }, WAIT_MS_MAX);
  }

  #take(source: Source, request: HashRequest): void {
    const { kind, stream: id } = request;
    let stream = source.streams.get(id);
    if (stream === undefined) {
      stream = { id, source, message: new Md5Message(), pieces: [], ended: false };
      source.streams.set(id, stream);
    }
    if (kind === 'update') {
      stream.pieces.push({ message: stream.message, bytes: request.bytes });
      this.#waiting.add(stream);
      if (stream.pieces.length >= WAITING_PIECES_MAX) this.#urgent.add(stream);
    } else if (kind === 'digest') {
      stream.ended = true;
      if (stream.pieces.length === 0) this.#end(stream);
      else this.#urgent.add(stream);
    } else {
      this.#waiting.delete(stream);
      this.#urgent.delete(stream);
      source.streams.delete(id);
      this.#updated(stream.pieces.map(() => stream));
    }
  }

  /** Hashes a little of each of the streams whose turn it is; false: none waits, or all wait for more. */
  #advance(): boolean {
    let streams = 0;
    for (const source of this.#sources) streams += source.streams.size;
    const enough = Math.min(LANES, streams);
    if (this.#waiting.size === 0 || (this.#urgent.size === 0 && this.#waiting.size < enough)) return false;
    const turn = [...new Set([...this.#urgent, ...this.#waiting])].slice(0, LANES);
    this.#lanes.advance(turn.flatMap(({ pieces }) => pieces.slice(0, 1)));
    const done = turn.filter(({ pieces }) => pieces[0]?.bytes.byteLength === 0);
    for (const stream of done) {
      stream.pieces.shift();
      // To the end of the line: all streams advance alike.
      this.#waiting.delete(stream);
      if (stream.pieces.length > 0) this.#waiting.add(stream);
      if (stream.pieces.length === 0 || !stream.ended) this.#urgent.delete(stream);
    }
    this.#updated(done);
    for (const stream of done) if (stream.ended && stream.pieces.length === 0) this.#end(stream);
    return true;
  }

  #updated(updated: readonly Stream[]): void {
    for (const source of this.#sources) {
      const streams = updated.filter((stream) => stream.source === source).map(({ id }) => id);
      if (streams.length > 0) reply(source, { kind: 'updated', streams });
    }
  }

  #end({ id, source, message }: Stream): void {
    source.streams.delete(id);
    reply(source, { kind: 'digest', stream: id, md5: this.#lanes.digest(message) });
  }
}

function* received(port: MessagePort): Generator {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    yield next.message;
}

function reply({ port }: Source, message: HashReply): void {
  port.postMessage(message);
}

if (parentPort !== null) new HashThread(parentPort).listen();
