/** Reading a request's body off the wire: every byte once, with back-pressure, held to a length and to a pace. */

import type { IncomingMessage } from 'node:http';
import { S3Error } from '@cistern/protocol';
import type { ThroughputGuard } from './throughput-guard.ts';

/** The client is gone: there is nobody to answer. */
export class ClientGone extends Error {
  constructor() {
    super('The client closed the connection');
    this.name = 'ClientGone';
  }
}

export interface ChunkTaker {
  /** Takes a chunk. When it returns a promise the next chunk waits for it. */
  take(chunk: Buffer): Promise<void> | undefined;
  /**
   * Whether the chunk that was just taken is of further use. One that is not gives its memory back at once: left to
   * the garbage collector, a fast upload holds a hundred megabytes of them and takes twice the time to receive.
   */
  readonly keeps: boolean;
}

/**
 * Hands every chunk to the taker, in order; without a guard the client may take any time. Resolves at the end of the
 * body. Rejects with what `take` threw, with `RequestTimeout` for a stalled client, with `ClientGone`; the rest of the
 * body is then still unread.
 */
export function receiveBody(
  request: IncomingMessage,
  guard: ThroughputGuard | undefined,
  taker: ChunkTaker,
): Promise<void> {
  const taken = (chunk: Buffer): void => {
    if (!taker.keeps) free(chunk);
  };
  const { socket } = request;
  return new Promise((resolve, reject) => {
    const transfer = guard?.watch(() => {
      fail(
        new S3Error(
          'RequestTimeout',
          'Your client sent the body too slowly. Idle connections will be closed.',
        ),
      );
    });
    let settled = false;
    let taking = false;
    let ended = false;
    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      if (transfer !== undefined) guard?.end(transfer);
      request.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
      socket.off('close', onClose);
      return true;
    };
    const fail = (error: unknown): void => {
      if (!settle()) return;
      request.pause();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const onData = (chunk: Buffer): void => {
      if (transfer !== undefined) transfer.bytes += chunk.length;
      let wait: Promise<void> | undefined;
      try {
        wait = taker.take(chunk);
      } catch (error) {
        fail(error);
        return;
      }
      if (wait === undefined) {
        taken(chunk);
        return;
      }
      request.pause();
      if (transfer !== undefined) transfer.waitingForUs = true;
      taking = true;
      wait.then(() => {
        taken(chunk);
        if (transfer !== undefined) transfer.waitingForUs = false;
        taking = false;
        if (ended) onEnd();
        else if (!settled) request.resume();
      }, fail);
    };
    // A stream that was resumed and paused again in one tick tells its end while the last chunk is still being taken.
    const onEnd = (): void => {
      ended = true;
      if (!taking && settle()) resolve();
    };
    const onClose = (): void => {
      // After its end a body closes, too.
      if (!ended) fail(new ClientGone());
    };
    request.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
    // A request that has its answer already, and of which only the rest is read, does not hear of the connection's end.
    socket.once('close', onClose);
    // A body that was left in the middle is paused, and listening alone does not set it going again.
    request.resume();
    if (request.destroyed || socket.destroyed) onClose();
  });
}

/** A buffer that shares its memory with others is none of ours. */
function free(chunk: Buffer): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.length) buffer.transfer(0);
}
