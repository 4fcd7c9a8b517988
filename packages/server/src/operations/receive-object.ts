/**
 * An object's body on its way to the catalog: small ones are held whole and stored inline, larger ones stream into a
 * blob. Both are hashed and verified; nothing is published here.
 */

import { parseUpload } from '@cistern/protocol';
import type { ChecksumAlgorithm } from '@cistern/protocol';
import type { Placement } from '../blobs/blob-tiers.ts';
import type { StagedBlob } from '../blobs/ingest/blob-ingest.ts';
import type { Content } from '../catalog/catalog.ts';
import { CatalogError } from '../catalog/errors.ts';
import { LIMITS } from '../limits.ts';
import { BodyDigests } from './body-digests.ts';
import type { VerifiedChecksum } from './body-digests.ts';
import type { Authorized, InBucket, Services } from './context.ts';

export interface ReceivedObject {
  readonly size: number;
  /** Lower-case hex. */
  readonly md5: string;
  readonly checksum: VerifiedChecksum | null;
  readonly body:
    | { readonly kind: 'held'; readonly content: Content }
    | { readonly kind: 'staged'; readonly staged: StagedBlob; readonly placement: Placement };
}

/**
 * @param placement of what is not stored inline
 * @param algorithm of the checksum to keep; undefined: of the one that the client sent, if there is one
 * @throws S3Error for every way in which the body is not what was announced; nothing is left behind then
 */
export async function receiveObject(
  context: Authorized,
  placement: Placement,
  algorithm?: ChecksumAlgorithm,
): Promise<ReceivedObject> {
  const upload = parseUpload(context.headers, context.body.payload);
  const digests = new BodyDigests(upload, context.body.payload, algorithm);
  const { length } = upload;
  return length <= LIMITS.inlineBytesMax
    ? hold(context, length, digests)
    : stage(context, { size: length, placement }, digests);
}

async function hold({ body }: Authorized, size: number, digests: BodyDigests): Promise<ReceivedObject> {
  const whole = new WholeBody(size);
  const trailers = await body.receive(size, whole);
  const { data } = whole;
  const { sha256, md5, checksum } = digests.verifyWhole(data, trailers);
  const content: Content = size === 0 ? { kind: 'empty' } : { kind: 'inline', data, sha256 };
  return { size, md5: md5.toString('hex'), checksum, body: { kind: 'held', content } };
}

const EMPTY = Buffer.alloc(0);

/** A class, as those of `request-body.ts` are. */
class WholeBody {
  readonly #size: number;
  #only: Buffer | undefined;
  #bytes: Buffer | undefined;
  #filled = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get keeps(): boolean {
    return this.#only !== undefined;
  }

  get data(): Buffer {
    return this.#only ?? this.#bytes ?? EMPTY;
  }

  take(slice: Buffer): undefined {
    // Mostly the body comes in one piece, and is used as it is.
    if (this.#filled === 0 && slice.length === this.#size) {
      this.#only = slice;
    } else {
      this.#bytes ??= Buffer.allocUnsafeSlow(this.#size);
      slice.copy(this.#bytes, this.#filled);
    }
    this.#filled += slice.length;
    return undefined;
  }
}

async function stage(
  { services, body }: Authorized,
  { size, placement }: { size: number; placement: Placement },
  digests: BodyDigests,
): Promise<ReceivedObject> {
  const { blobs, slabs: pool, hasher } = services;
  const ingest = await blobs.ingest(placement, { pool, hasher, size });
  digests.begin();
  let staged: StagedBlob | undefined;
  try {
    const trailers = await body.receive(size, {
      take: (slice) => {
        digests.update(slice);
        return ingest.write(slice);
      },
      keeps: false,
    });
    staged = await ingest.finish();
    if (staged.length !== size) throw new Error(`${staged.length} bytes of a body of ${size} were staged`);
    const checksum = digests.verify({ sha256: staged.contentSha256, md5: staged.md5 }, trailers);
    return { size, md5: staged.md5.toString('hex'), checksum, body: { kind: 'staged', staged, placement } };
  } catch (error) {
    await (staged ?? ingest).discard();
    throw error;
  }
}

/**
 * Gives a received body its place, so that a version can be published on it: a blob is reserved, synced and moved to
 * its location, or dropped when the same content is there already. Whoever gets a blob publishes it or releases it.
 */
export async function placeObject(
  { services, bucket }: InBucket,
  received: ReceivedObject,
): Promise<Content> {
  if (received.body.kind === 'held') return received.body.content;
  const { staged, placement } = received.body;
  return placeBlob(services, staged, { scope: bucket.scope, placement });
}

/** The same of bytes that are staged. */
export async function placeBlob(
  services: Pick<Services, 'catalog' | 'failStop'>,
  staged: StagedBlob,
  { scope, placement }: { scope: number; placement: Placement },
): Promise<Content> {
  const { catalog } = services;
  const { sha256, length, stored: bytes, frames, checks, location: at } = staged;
  const { tier, codec } = placement;
  const reserving = catalog.reserveBlob({
    scope,
    sha256,
    length,
    tier,
    coded: { codec, stored: bytes, frames },
    checks,
    ...(at !== undefined && { location: at }),
  });
  try {
    // The reservation's commit and the file's sync are waited for together.
    const [{ blob, location, stored }] = await Promise.all([reserving, syncOrStop(services, staged.synced)]);
    if (stored) await staged.discard();
    else await syncOrStop(services, staged.place(location));
    return { kind: 'blob', blob };
  } catch (error) {
    // Also when it comes only after the failure. It may have to wait for readers, and the client need not.
    const released = reserving.then(({ blob, location }) => {
      void catalog.releaseBlob(blob).catch(() => undefined);
      return location;
    });
    const discarded = discardUnlessReserved(staged, released);
    // What may be somebody else's by now is looked at when that is known.
    if (at === undefined) await discarded;
    else discarded.catch(() => undefined);
    throw error;
  }
}

/**
 * Bytes that are where a reservation says, and were not moved there, are the reaper's: whoever stores the same content
 * at the same time has got the same reservation, and its bytes are there.
 */
async function discardUnlessReserved(staged: StagedBlob, reserved: Promise<string>): Promise<void> {
  if (staged.location !== undefined) {
    const location = await reserved.catch(() => undefined);
    if (location === staged.location) return;
  } else {
    reserved.catch(() => undefined);
  }
  await staged.discard();
}

/**
 * After a failed sync the kernel may have dropped the bytes and report success the next time: nothing goes on. Who is
 * told so finds the writing stopped: the writer hears of it before anything that is asked for later.
 */
async function syncOrStop(services: Pick<Services, 'failStop'>, synced: Promise<void>): Promise<void> {
  try {
    await synced;
  } catch (error) {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall !== 'fsync' && syscall !== 'fdatasync') throw error;
    services.failStop(error);
    throw new CatalogError('Stopped', 'A blob could not be synced', { cause: error });
  }
}
