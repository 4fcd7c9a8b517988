/**
 * A body on its way into the parts of an upload: cut at the part size, each part stored, synced and published as soon as
 * it is full, while the next one comes. Nothing is published before the signature of its bytes has been verified, and no
 * part takes the place of another: of two clients that go on with one upload the later one is refused.
 */

import { createChecksum, S3Error } from '@cistern/protocol';
import type { Checksum, LiveBody } from '@cistern/protocol';
import type { Placement } from '../../blobs/blob-tiers.ts';
import type { Ingest } from '../../blobs/ingest/blob-ingest.ts';
import type { Bucket } from '../../catalog/catalog.ts';
import type { Part, PartRequest, UploadName } from '../../catalog/uploads.ts';
import type { PayloadTaker } from '../../http/request-body.ts';
import { verifyChecksum } from '../body-digests.ts';
import type { VerifiedChecksum } from '../body-digests.ts';
import type { Services } from '../context.ts';
import { placeBlob } from '../receive-object.ts';

/** Full parts whose signature has not come yet: each is a file that waits. */
const UNVERIFIED_MAX = 16;

/** After so many parts they are twice as long, so that 10,000 are enough for 5 TiB. */
const PARTS_OF_A_LENGTH = 1000;

const PARTS_MAX = 10_000;
const PART_BYTES_MAX = 5 * 1024 ** 3;

const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';

export type LivePart = Pick<Part, 'number' | 'seq' | 'size' | 'etag'>;

/** What it needs of a request's context. */
interface LiveContext {
  readonly services: Pick<Services, 'catalog' | 'blobs' | 'slabs' | 'hasher' | 'livePartBytes' | 'failStop'>;
  readonly bucket: Pick<Bucket, 'scope'>;
}

export interface LiveReceiverOptions {
  readonly context: LiveContext;
  readonly name: UploadName;
  readonly placement: Placement;
  /** Number of the next part. */
  readonly first: number;
  /** So long the body may be. */
  readonly bytesMax: number;
  readonly body: LiveBody;
}

export class LiveReceiver implements PayloadTaker {
  readonly keeps = false;
  readonly #options: LiveReceiverOptions;
  readonly #partBytes: number;
  readonly #checksum: Checksum | undefined;
  #next: number;
  #ingest: Ingest | undefined;
  #filled = 0;
  /** Bytes taken, and of them those that are known to be the signer's. */
  #taken = 0;
  #verified = 0;
  /** Nothing is begun any more: nobody would end it. */
  #givenUp = false;
  #unverified: { readonly end: number; readonly verified: PromiseWithResolvers<void> }[] = [];
  readonly #parts: LivePart[] = [];
  /** Parts are published one after another. */
  #published: Promise<void> = Promise.resolve();

  constructor(options: LiveReceiverOptions) {
    this.#options = options;
    this.#partBytes = options.context.services.livePartBytes;
    this.#next = options.first;
    const algorithm = options.body.checksum?.algorithm;
    this.#checksum = algorithm === undefined ? undefined : createChecksum(algorithm);
  }

  take(slice: Buffer): Promise<void> | undefined {
    this.#checksum?.update(slice);
    this.#taken += slice.length;
    if (this.#taken > this.#options.bytesMax) throw new S3Error('EntityTooLarge');
    if (this.#ingest === undefined || this.#filled + slice.length >= this.#lengthOfPart())
      return this.#takeAcross(this.#ingest, slice);
    this.#filled += slice.length;
    return this.#ingest.write(slice);
  }

  verified(bytes: number): void {
    this.#verified = bytes;
    while (this.#unverified[0] !== undefined && this.#unverified[0].end <= bytes)
      this.#unverified.shift()?.verified.resolve();
  }

  /** The parts that the body has become, in order; all of them once `finish` has resolved. */
  get parts(): readonly LivePart[] {
    return this.#parts;
  }

  /** All of the body has come, and its trailers. Resolves when all of it is published. */
  async finish(trailers: ReadonlyMap<string, string>): Promise<VerifiedChecksum | null> {
    const { checksum } = this.#options.body;
    // Before the last part is shown to anyone.
    const sent =
      checksum === null || this.#checksum === undefined
        ? null
        : verifyChecksum(checksum, this.#checksum.digest(), trailers);
    if (this.#filled > 0) await this.#close(this.#taken);
    await this.#published;
    if (this.#next === 1) await this.#publishEmpty();
    return sent;
  }

  /** Drops what is not published. */
  async discard(): Promise<void> {
    this.#givenUp = true;
    for (const { verified } of this.#unverified.splice(0)) verified.reject(givenUp());
    const ingest = this.#ingest;
    this.#ingest = undefined;
    await ingest?.discard();
    await this.#published.catch(() => undefined);
  }

  #lengthOfPart(): number {
    return Math.min(PART_BYTES_MAX, this.#partBytes * 2 ** Math.floor((this.#next - 1) / PARTS_OF_A_LENGTH));
  }

  async #takeAcross(open: Ingest | undefined, slice: Buffer): Promise<void> {
    let ingest = open;
    const start = this.#taken - slice.length;
    for (let at = 0; at < slice.length;) {
      const length = this.#lengthOfPart();
      const room = Math.min(length - this.#filled, slice.length - at);
      ingest ??= await this.#begin(length);
      await ingest.write(slice.subarray(at, at + room));
      at += room;
      this.#filled += room;
      if (this.#filled === length) {
        await this.#close(start + at);
        ingest = undefined;
      }
    }
  }

  async #begin(size: number): Promise<Ingest> {
    const { services } = this.#options.context;
    const { slabs: pool, hasher } = services;
    this.#requireWanted();
    const ingest = await services.blobs.ingest(this.#options.placement, { pool, hasher, size });
    if (this.#givenUp) await ingest.discard();
    this.#requireWanted();
    this.#ingest = ingest;
    return ingest;
  }

  /** The client may have gone while something was waited for. */
  #requireWanted(): void {
    if (this.#givenUp) throw givenUp();
  }

  /** Publishes the part that ends at `end`, and waits for the one before: one is on its way while the next one comes. */
  async #close(end: number): Promise<void> {
    this.#requireWanted();
    const ingest = this.#ingest;
    if (ingest === undefined) return;
    const number = this.#next++;
    if (number > PARTS_MAX) throw new S3Error('EntityTooLarge');
    const size = this.#filled;
    this.#ingest = undefined;
    this.#filled = 0;
    const before = this.#published;
    const waits = this.#unverified.length > 0;
    const verified = Promise.withResolvers<void>();
    if (end <= this.#verified) verified.resolve();
    else this.#unverified.push({ end, verified });
    // Not before the one before it has ended, well or badly: who waits for the last waits for all.
    const after = before.then(() => verified.promise);
    this.#published = this.#publish(ingest, { number, size, after });
    // Both are awaited later: what is waited for when the part is staged, the part by the next one, or at the end. Until
    // then their failure is not unhandled, which would be the end of the server.
    for (const promise of [verified.promise, after]) promise.catch(() => undefined);
    this.#published.catch(() => undefined);
    if (!waits) await before;
    else if (this.#unverified.length > UNVERIFIED_MAX) {
      throw new S3Error(
        'InvalidRequest',
        `A signed chunk of a live upload is at most ${UNVERIFIED_MAX} times as long as a part of ${this.#partBytes} bytes.`,
      );
    }
  }

  async #publish(
    ingest: Ingest,
    { number, size, after }: { number: number; size: number; after: Promise<unknown> },
  ): Promise<void> {
    const { context, placement } = this.#options;
    const { services, bucket } = context;
    const staged = await ingest.finish();
    try {
      await after;
    } catch (error) {
      await staged.discard();
      throw error;
    }
    if (staged.length !== size) throw new Error(`${staged.length} bytes of a part of ${size} were staged`);
    const content = await placeBlob(services, staged, { scope: bucket.scope, placement });
    const etag = staged.md5.toString('hex');
    await this.#putPart({ number, content, size, etag });
  }

  async #putPart(part: Pick<PartRequest, 'number' | 'content' | 'size' | 'etag'>): Promise<void> {
    const { context, name } = this.#options;
    const { uploads } = context.services.catalog;
    const { seq } = await uploads.publishPart({ ...name, ...part, checksumValue: null, onlyNew: true });
    const { number, size, etag } = part;
    this.#parts.push({ number, seq, size, etag });
  }

  /** A live upload of no bytes is an object of one part, like any other. */
  async #publishEmpty(): Promise<void> {
    await this.#putPart({ number: this.#next++, content: { kind: 'empty' }, size: 0, etag: EMPTY_MD5 });
  }
}

const givenUp = (): Error => new Error('the body was given up');
