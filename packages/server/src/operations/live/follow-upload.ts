/**
 * The bytes of an upload from its beginning on, as they are committed, to its end. Every part is looked up when its turn
 * comes. What was sent is compared with what the upload becomes: when that is something else the iterator throws, and
 * the client sees a broken body, never a normal end.
 */

import type { UploadCatalog, UploadName } from '../../catalog/uploads.ts';
import type { OpenComplete } from '../../catalog/uploads.ts';
import { ClientGone } from '../../http/receive-body.ts';
import { BrokenBody } from '../../http/send-object.ts';
import type { Piece } from '../../http/send-object.ts';
import { SentParts } from './sent-parts.ts';

export interface FollowOptions {
  readonly uploads: UploadCatalog;
  readonly name: UploadName;
  /** Bytes [start, end) of the object; end null: to its end. */
  readonly start: number;
  readonly end: number | null;
  readonly signal: AbortSignal;
}

export async function* followUpload(options: FollowOptions): AsyncGenerator<Piece> {
  const { uploads, name, start, end } = options;
  const changes = await Changes.watch(options);
  try {
    const sent = new SentParts();
    let offset = 0;
    const limit = end ?? Infinity;
    while (offset < limit) {
      changes.check(sent.length);
      const whole = await changes.complete;
      if (whole !== undefined) {
        yield* rest(whole, { sent, offset, start, end });
        return;
      }
      if (changes.ended) throw new BrokenBody('it was aborted, or its object is gone');
      const opened = await uploads.openPart(name, sent.length + 1, offset);
      if (opened === undefined) {
        await changes.next();
        await changes.unchanged(sent);
        continue;
      }
      const { part } = opened;
      sent.push(part);
      const piece = clip(opened, { offset, size: part.size, start, end });
      offset += part.size;
      if (piece === undefined) opened.release();
      else yield piece;
      await changes.unchanged(sent);
    }
    await changes.unchanged(sent);
  } finally {
    changes.close();
  }
}

/** From where the follower is to the end of the object that the upload has become, when it begins with what was sent. */
async function* rest(
  whole: OpenComplete,
  { sent, offset, start, end }: { sent: SentParts; offset: number; start: number; end: number | null },
): AsyncGenerator<Piece> {
  const parts = await whole.parts(sent.length);
  if (parts.length !== sent.length || parts.some((part, i) => !sent.isSame(i + 1, part)))
    throw new BrokenBody('it was completed with other parts');
  const from = Math.max(offset, start);
  const to = Math.min(whole.size, end ?? whole.size);
  if (from >= to) return;
  yield { open: whole, single: false, start: from, end: to };
}

function clip(
  open: Piece['open'],
  { offset, size, start, end }: { offset: number; size: number; start: number; end: number | null },
): Piece | undefined {
  const from = Math.max(start - offset, 0);
  const to = Math.min(size, end === null ? size : end - offset);
  return from < to ? { open, single: false, start: from, end: to } : undefined;
}

/** What has happened to an upload since its reader last looked. */
class Changes {
  readonly #options: FollowOptions;
  #stop: () => void = () => undefined;
  #complete: Promise<OpenComplete | undefined> = Promise.resolve(undefined);
  #ended = false;
  #closed = false;
  /** Numbers of parts that were committed. */
  #parts = new Set<number>();
  #wake: (() => void) | undefined;

  static async watch(options: FollowOptions): Promise<Changes> {
    const changes = new Changes(options);
    const { uploads, name, signal } = options;
    signal.addEventListener('abort', changes.#onAbort);
    changes.#stop = await uploads.watchUpload(name.upload, ({ part }) => {
      if (part === null) changes.#end();
      else changes.#parts.add(part);
      changes.#wake?.();
    });
    // It may have ended before anybody listened.
    if ((await uploads.findUpload(name))?.state !== 'open') changes.#end();
    return changes;
  }

  private constructor(options: FollowOptions) {
    this.#options = options;
  }

  readonly #onAbort = (): void => this.#wake?.();

  /** Held at once: a follower that is slow must not lose the object because somebody else overwrites it. */
  #end(): void {
    if (this.#ended || this.#closed) return;
    this.#ended = true;
    const { uploads, name } = this.#options;
    this.#complete = uploads.openComplete(name);
    this.#complete.catch(() => undefined);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The object that the upload has become; undefined: it has not, or that is gone. */
  get complete(): Promise<OpenComplete | undefined> {
    return this.#complete;
  }

  /** @throws ClientGone */
  check(sent: number): void {
    if (this.#options.signal.aborted) throw new ClientGone();
    for (const number of this.#parts) if (number > sent) this.#parts.delete(number);
  }

  /** @throws BrokenBody when a part that was sent has been replaced by other bytes */
  async unchanged(sent: SentParts): Promise<void> {
    if (this.#ended) return;
    for (const number of this.#parts) {
      if (number > sent.length) continue;
      this.#parts.delete(number);
      const now = await this.#options.uploads.findPart(this.#options.name.upload, number);
      if (!this.#ended && !sent.isSame(number, now?.part)) throw new BrokenBody('a part was replaced');
    }
  }

  /** Resolves at the next change. */
  async next(): Promise<void> {
    if (this.#parts.size > 0 || this.#ended || this.#options.signal.aborted) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#stop();
    this.#options.signal.removeEventListener('abort', this.#onAbort);
    void this.#complete.then((whole) => whole?.release()).catch(() => undefined);
  }
}
