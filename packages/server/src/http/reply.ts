/** What an operation answers, before it is HTTP. */

import type { OpenVersion } from '../catalog/catalog.ts';

import type { Piece } from './send-object.ts';

/** Names and values in turn. */
export type HeaderList = string[];

export type ReplyBody =
  | { readonly kind: 'none' }
  | LateBody
  | { readonly kind: 'bytes'; readonly bytes: Buffer }
  /** Of unknown number, as they come. */
  | { readonly kind: 'lines'; readonly lines: AsyncIterable<string> }
  /** Bytes [start, end) of an object. Whoever sends the reply, or drops it, releases the version. */
  | { readonly kind: 'object'; readonly open: OpenVersion; readonly start: number; readonly end: number }
  /** An object that is not whole yet. `length` null: nobody knows how long it will be. */
  | { readonly kind: 'pieces'; readonly length: number | null; readonly pieces: PieceSource };

/** @param signal aborted when the client is gone: the iterator rejects then */
export type PieceSource = (signal: AbortSignal) => AsyncIterable<Piece>;

export interface Reply {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: ReplyBody;
  /** Length that HEAD tells without a body; otherwise that of the body. */
  readonly contentLength?: number;
}

/** Of an answer whose status goes before its outcome is known: the reply that would have been sent. */
export interface LateBody {
  readonly kind: 'late';
  readonly outcome: Promise<Reply>;
}

const NONE: ReplyBody = { kind: 'none' };

export function emptyReply(status: number, headers: HeaderList = []): Reply {
  return { status, headers, body: NONE };
}

export function xmlReply(status: number, xml: string, headers: HeaderList = []): Reply {
  headers.push('Content-Type', 'application/xml');
  return { status, headers, body: { kind: 'bytes', bytes: Buffer.from(xml) } };
}

export function textReply(status: number, text: string, contentType = 'text/plain; charset=utf-8'): Reply {
  return {
    status,
    headers: ['Content-Type', contentType],
    body: { kind: 'bytes', bytes: Buffer.from(text) },
  };
}
