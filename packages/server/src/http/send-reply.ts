/** Sending what an operation answered: its body by its kind, whole or as it comes. */

import type { ServerResponse } from 'node:http';
import { sendLate } from './late-reply.ts';
import type { Reply, ReplyBody } from './reply.ts';
import { sendLines } from './send-lines.ts';
import { sendObject, sendPieces } from './send-object.ts';
import type { ObjectSource } from './send-object.ts';

/** Bytes of a body; null: nobody knows yet. */
export function bodyLength(body: ReplyBody): number | null {
  switch (body.kind) {
    case 'none':
      return 0;
    case 'bytes':
      return body.bytes.length;
    case 'object':
      return body.end - body.start;
    case 'pieces':
      return body.length;
    case 'lines':
    case 'late':
      return null;
  }
}

export interface SendOptions {
  /** Writes the head of an object's answer, whose first bytes it waits for; that of others has been written. */
  readonly begin: () => void;
  readonly source: ObjectSource;
  /** What is sent in place of a late outcome that failed. */
  readonly explain: (cause: unknown) => Reply;
  /** Broken off when the server ends: what follows something that grows may go on for as long as that does. */
  readonly followers: Set<AbortController>;
  /** It is ending. */
  readonly draining: boolean;
}

/** Resolves to the bytes sent; rejects when the body could not be sent whole. */
export async function sendBody(
  response: ServerResponse,
  body: ReplyBody,
  { begin, source, explain, followers, draining }: SendOptions,
): Promise<number> {
  switch (body.kind) {
    case 'none':
      response.end();
      return 0;
    case 'bytes':
      response.end(body.bytes);
      return body.bytes.length;
    case 'object':
      if (body.start < body.end) {
        await sendObject(response, source, { ...body, begin });
      } else {
        begin();
        response.end();
      }
      return body.end - body.start;
    case 'pieces': {
      // The first byte may be long in coming, and the client wants to know that it will.
      response.flushHeaders();
      const abort = new AbortController();
      if (response.destroyed || draining) abort.abort();
      response.once('close', () => abort.abort());
      // What has a length ends by itself. The rest may have a reader so slow that it would be waited for.
      if (body.length === null) {
        abort.signal.addEventListener('abort', () => {
          if (!response.writableEnded) response.destroy();
        });
        followers.add(abort);
      }
      try {
        return await sendPieces(response, source, body.pieces(abort.signal));
      } finally {
        followers.delete(abort);
      }
    }
    case 'lines':
      return sendLines(response, body.lines);
    case 'late':
      return sendLate(response, body.outcome.catch(explain));
  }
}
