/** @module Sends bytes over a connection of its own, and sees what comes back, however broken it was. */

import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

import type { Shot } from './shot.ts';

/** Generous: the machine may be busy with others. Nobody who has sent all that he had waits so long. */
const PATIENCE_MS = 20_000;
/** What follows an upload that is under way has no end. */
const FOLLOW_MS = 50;
const KEPT_BYTES = 256 * 1024;

export interface Seen {
  readonly statuses: readonly number[];
  /** Connections that the server neither answered nor ended. */
  readonly stuck: boolean;
  /** the beginning of it */
  readonly text: string;
}

/** @param cuts into how many pieces, sent one after another */
export async function shoot(endpoint: string, { bytes, isFramed }: Shot, cuts: number): Promise<Seen> {
  const { hostname, port } = new URL(endpoint);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  const pieces: Buffer[] = [];
  let kept = 0;
  socket.on('data', (piece: Buffer) => {
    if (kept < KEPT_BYTES) pieces.push(piece);
    kept += piece.length;
  });
  // A reset is an end like any other here.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (let at = 0; at < bytes.length && !socket.destroyed;) {
    const next = Math.min(bytes.length, at + Math.ceil(bytes.length / cuts));
    socket.write(bytes.subarray(at, next));
    at = next;
    if (at < bytes.length) await new Promise((resolve) => setImmediate(resolve));
  }
  // What is whole HTTP asks to be closed; of the rest the server hears that no more comes, and may close as well.
  if (!isFramed) socket.end();
  const follows = /x-cistern-follow/i.test(bytes.toString('latin1'));
  const timer = new AbortController();
  const late = delay(follows ? FOLLOW_MS : PATIENCE_MS, true, { signal: timer.signal }).catch(() => false);
  const stuck = (await Promise.race([closed.then(() => false), late])) && !follows;
  timer.abort();
  socket.destroy();
  const text = Buffer.concat(pieces).toString('latin1');
  return { statuses: statusesOf(text), stuck, text: text.slice(0, 2000) };
}

function statusesOf(text: string): number[] {
  return [...text.matchAll(/(?:^|\n|>)HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
