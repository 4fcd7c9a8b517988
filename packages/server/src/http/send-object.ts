/**
 * Sending an object's bytes: extents in order, read into reused memory, the next slab being read while the one before
 * is on its way to the socket.
 */

import type { ServerResponse } from 'node:http';
import type { BlobReader } from '../blobs/blob-store.ts';
import type { BlobTiers } from '../blobs/blob-tiers.ts';
import { SLAB_BYTES } from '../blobs/ingest/slab-pool.ts';
import type { Slab, SlabPool, SlabShare } from '../blobs/ingest/slab-pool.ts';
import type { Extent, OpenVersion } from '../catalog/catalog.ts';
import { extentsOf } from '../catalog/extents.ts';
import { LIMITS } from '../limits.ts';
import { ClientGone } from './receive-body.ts';
import type { ThroughputGuard, Transfer } from './throughput-guard.ts';

export interface ObjectSource {
  readonly blobs: Pick<BlobTiers, 'open'>;
  readonly slabs: SlabPool;
  readonly guard: ThroughputGuard;
}

/** Inline extents on their way to the socket at once; those of files are bounded by their slabs. */
const INLINE_WRITES_MAX = 8;

/** What was told to the client turned out not to be so: its body ends in the middle. */
export class BrokenBody extends Error {
  constructor(reason: string) {
    super(`What is being read has changed: ${reason}`);
    this.name = 'BrokenBody';
  }
}

/** Bytes [start, end) of what is open. Whoever sends it, or drops it, releases it. */
export interface Piece {
  readonly open: Pick<OpenVersion, 'extents' | 'release'>;
  /** Whether it is one extent, which came with it. */
  readonly single: boolean;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes bytes [start, end) and ends the response. Rejects with `ClientGone`, or with what the store said; the response
 * is then destroyed, so that a client never takes a broken body for a whole one, unless nothing was written yet.
 */
export async function sendObject(
  response: ServerResponse,
  source: ObjectSource,
  { open, start, end, begin }: { open: OpenVersion; start: number; end: number; begin: () => void },
): Promise<void> {
  const single = open.version.extents <= 1;
  await send(response, source, (sender) => sendPiece(sender, { open, single, start, end }), begin);
}

/**
 * The same for pieces that come one after another, maybe much later. What their iterator throws breaks the body, too.
 *
 * @returns bytes sent
 */
export async function sendPieces(
  response: ServerResponse,
  source: ObjectSource,
  pieces: AsyncIterable<Piece>,
): Promise<number> {
  return send(response, source, async (sender) => {
    sender.waitingForUs();
    for await (const piece of pieces) {
      try {
        await sendPiece(sender, piece);
      } finally {
        piece.open.release();
      }
      sender.waitingForUs();
    }
  });
}

async function send(
  response: ServerResponse,
  source: ObjectSource,
  work: (sender: Sender) => Promise<void>,
  begin?: () => void,
): Promise<number> {
  const transfer = source.guard.watch(() => response.destroy());
  const sender = new Sender(response, { source, transfer, begin });
  try {
    await work(sender);
    await sender.flush();
    response.end();
    return sender.sent;
  } catch (error) {
    if (begin === undefined || response.headersSent) response.destroy();
    // The slabs in flight come back when the socket is gone.
    await sender.flush().catch(() => undefined);
    throw error;
  } finally {
    source.guard.end(transfer);
  }
}

async function sendPiece(sender: Sender, { open, single, start, end }: Piece): Promise<void> {
  // One run of bytes has come with the version, and can be read to its end once it is open. So the version is let go:
  // held by a slow reader, it would keep every blob of the server from being deleted for as long as that one reads.
  const opened = (): void => {
    if (single) open.release();
  };
  const before = sender.sent;
  const window = { from: start, to: end, opened };
  // Nearly all objects are of one run, and a generator costs a tenth of the time that a small one takes.
  if (single) for (const extent of await open.extents(start, end)) await sender.sendExtent(extent, window);
  else for await (const extent of extentsOf(open, start, end)) await sender.sendExtent(extent, window);
  if (sender.sent - before !== end - start) throw new Error('the extents do not cover the range');
}

/** A slab or several, and what was read into them that is to be sent. */
interface ReadSlab {
  readonly slab: Slab;
  readonly bytes: Buffer;
}

/** Slabs to read at once, a power of two: what is small takes no more than it needs. */
function slabsFor(bytes: number): number {
  let most = 1;
  while (most < LIMITS.slabsPerRead && most * SLAB_BYTES < bytes) most *= 2;
  return most;
}

const roundUp = (length: number, to: number): number => Math.ceil(length / to) * to;

class Sender {
  sent = 0;
  readonly #response: ServerResponse;
  readonly #source: ObjectSource;
  readonly #share: SlabShare;
  readonly #transfer: Transfer;
  readonly #begin: (() => void) | undefined;
  readonly #inFlight = new Set<() => void>();
  #pending = 0;
  #awaited = 0;
  #wake: (() => void) | undefined;
  /** A write has failed: the response is destroyed only after the last of them has said so. */
  #broken = false;

  /** @param begin is called before the first bytes */
  constructor(
    response: ServerResponse,
    options: { source: ObjectSource; transfer: Transfer; begin: (() => void) | undefined },
  ) {
    const { source, transfer, begin } = options;
    this.#response = response;
    this.#source = source;
    this.#share = source.slabs.share();
    this.#transfer = transfer;
    this.#begin = begin;
    // A socket that is destroyed does not call back for everything that was written to it.
    response.once('close', () => {
      for (const done of this.#inFlight) done();
    });
  }

  /** Nothing is to be sent for now, through no fault of the client. */
  waitingForUs(): void {
    this.#transfer.waitingForUs = true;
  }

  /** @param window the part of the object that is sent; `opened` is called once nothing more has to be opened for it */
  async sendExtent(
    extent: Extent,
    { from, to, opened }: { from: number; to: number; opened: () => void },
  ): Promise<void> {
    const start = Math.max(from, extent.start) - extent.start + extent.offset;
    const end = Math.min(to, extent.start + extent.length) - extent.start + extent.offset;
    if (extent.location === null) {
      if (extent.data === null) throw new Error('an inline blob without data');
      await this.#atMost(INLINE_WRITES_MAX);
      this.#write(Buffer.from(extent.data.buffer, extent.data.byteOffset + start, end - start), undefined);
      return;
    }
    this.#transfer.waitingForUs = true;
    const { blobs, slabs: pool } = this.#source;
    const reader = await blobs.open(extent, { pool, start, end });
    // Where it would be lost with its blob, the version is held to the end.
    if (reader.outlivesBlob) opened();
    try {
      await this.#sendBlob(reader, start, end);
    } finally {
      await reader.close();
    }
  }

  async #sendBlob(reader: BlobReader, start: number, end: number): Promise<void> {
    let reading: Promise<ReadSlab> | undefined;
    // The first bytes come early.
    let most = 1;
    try {
      for (let position = start; position < end;) {
        reading ??= this.#read(reader, await this.#slab(most), { position, end });
        this.#transfer.waitingForUs = true;
        const { slab, bytes } = await reading;
        reading = undefined;
        this.#transfer.waitingForUs = false;
        position += bytes.length;
        most = slabsFor(end - position);
        // Where there is memory for it the next slab is read while this one is copied to the socket, which takes as long.
        const next = position < end && !this.#response.destroyed ? this.#share.take(most) : undefined;
        if (next !== undefined) reading = this.#read(reader, next, { position, end });
        if (this.#response.destroyed) {
          this.#share.give(slab);
          throw new ClientGone();
        }
        this.#write(bytes, slab);
      }
    } finally {
      this.#transfer.waitingForUs = false;
      // The reader is closed after it.
      await reading?.then(
        ({ slab }) => this.#share.give(slab),
        () => undefined,
      );
    }
  }

  /** As much of what is between position and end as the slab takes. One that cannot be filled is given back. */
  async #read(
    reader: BlobReader,
    slab: Slab,
    { position, end }: { position: number; end: number },
  ): Promise<ReadSlab> {
    const { alignment } = reader;
    // From the multiple of its alignment before it, to the end of the slab: the blob's end cuts the last one short.
    const skip = position % alignment;
    const length = Math.min(slab.bytes.length - skip, end - position);
    try {
      const read = await reader.read(
        slab.bytes.subarray(0, roundUp(skip + length, alignment)),
        position - skip,
      );
      if (read < skip + length) throw new Error('a blob file is shorter than it should be');
    } catch (error) {
      this.#share.give(slab);
      throw error;
    }
    return { slab, bytes: slab.bytes.subarray(skip, skip + length) };
  }

  async #slab(most: number): Promise<Slab> {
    for (;;) {
      const slab = this.#share.take(most);
      if (slab !== undefined) return slab;
      await this.#share.whenFree();
      if (this.#response.destroyed) throw new ClientGone();
    }
  }

  #write(bytes: Buffer, slab: Slab | undefined): void {
    this.#transfer.waitingForUs = false;
    if (this.sent === 0) this.#begin?.();
    this.sent += bytes.length;
    this.#pending++;
    let called = false;
    const done = (error?: Error | null): void => {
      if (called) return;
      called = true;
      if (slab !== undefined) this.#share.give(slab);
      if (error) this.#broken = true;
      else this.#transfer.bytes += bytes.length;
      this.#inFlight.delete(done);
      if (--this.#pending <= this.#awaited) this.#wake?.();
    };
    this.#inFlight.add(done);
    this.#response.write(bytes, done);
  }

  /** Resolves when no more than `most` writes are on their way. */
  async #atMost(most: number): Promise<void> {
    if (this.#pending <= most) return;
    this.#awaited = most;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Resolves when everything written has been taken by the socket; rejects when the socket is gone. */
  async flush(): Promise<void> {
    await this.#atMost(0);
    if (this.#broken || this.#response.destroyed) throw new ClientGone();
  }
}
