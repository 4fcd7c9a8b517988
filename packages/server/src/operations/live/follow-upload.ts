/**
 * The bytes of an upload from its beginning on, as they are committed, to its end. Every stretch is looked up when its
 * turn comes, so that a slow reader keeps nothing from being deleted. What was sent is compared with what the upload
 * becomes: when that is something else the iterator throws, and the client sees a broken body, never a normal end.
 */

import { multipartETag } from '@cistern/protocol';
import type { OpenPart, Part, UploadCatalog, UploadName } from '../../catalog/uploads.ts';
import { ClientGone } from '../../http/receive-body.ts';
import { BrokenBody } from '../../http/send-object.ts';
import type { Piece } from '../../http/send-object.ts';
import { openStretch, samePart, wholePiece } from './upload-pieces.ts';
import { UploadEvents } from './upload-events.ts';
import type { UploadEnd } from './upload-events.ts';

export interface FollowOptions {
  readonly uploads: UploadCatalog;
  readonly name: UploadName;
  /** Bytes [start, end) of the object; end null: to its end. */
  readonly start: number;
  readonly end: number | null;
  readonly signal: AbortSignal;
}

/** How far a follower is. */
interface Progress {
  /** The parts from 1 on that were sent, begun, or passed. */
  readonly parts: Part[];
  /** Where the last of them begins in the object, and where it ends. */
  begin: number;
  known: number;
  /** The next byte to send. */
  at: number;
  readonly limit: number;
}

export async function* followUpload(options: FollowOptions): AsyncGenerator<Piece> {
  const { start: at, end } = options;
  const progress: Progress = { parts: [], begin: 0, known: 0, at, limit: end ?? Infinity };
  const events = new UploadEvents(options);
  try {
    await events.watch();
    for (;;) {
      const over = await look(events, options, progress);
      if (over !== undefined) {
        yield* rest(over, progress);
        return;
      }
      if (progress.at >= progress.limit && progress.known >= progress.limit) return;
      const opened = await openNext(options, progress);
      if (opened === undefined) {
        await events.next();
        continue;
      }
      const piece = take(opened, progress);
      if (piece === undefined) opened.release();
      else yield piece;
    }
  } finally {
    events.close();
  }
}

/**
 * What has happened meanwhile.
 *
 * @returns how the upload has ended; undefined: it goes on
 * @throws ClientGone, BrokenBody when a part that was sent has been replaced by other bytes
 */
async function look(
  events: UploadEvents,
  { uploads, name, signal }: FollowOptions,
  { parts }: Progress,
): Promise<UploadEnd | undefined> {
  if (signal.aborted) throw new ClientGone();
  for (const number of events.takeParts()) {
    const before = parts[number - 1];
    if (before === undefined) continue;
    const now = await uploads.findPart(name.upload, number);
    if (samePart(now?.part, before)) continue;
    // An upload that has just ended has other numbers, or no parts any more: its end says what it became.
    if ((await uploads.findUpload(name))?.state === 'open') throw new BrokenBody('a part was replaced');
  }
  return events.end;
}

/** The part in which the next byte to send is, or the next one that is not known yet. */
function openNext({ uploads, name }: FollowOptions, progress: Progress): Promise<OpenPart | undefined> {
  const { parts, begin, known, at } = progress;
  return at < known
    ? uploads.openPart(name, parts.length, begin)
    : uploads.openPart(name, parts.length + 1, known);
}

/** @returns undefined when there is nothing to send of that part */
function take(opened: OpenPart, progress: Progress): Piece | undefined {
  const { parts, at, known } = progress;
  const { part } = opened;
  if (at >= known) {
    parts.push(part);
    progress.begin = known;
    progress.known += part.size;
    if (at >= progress.known) return undefined;
  } else if (!samePart(part, parts.at(-1))) {
    opened.release();
    throw new BrokenBody('a part was replaced while it was sent');
  }
  const { begin, limit } = progress;
  const piece = openStretch(opened, at - begin, Math.min(part.size, limit - begin));
  progress.at = begin + piece.end;
  return piece;
}

/** From where the follower is to the end of the object that the upload has become, if it begins with what was sent. */
async function* rest(
  { whole, upload }: UploadEnd,
  { parts: sent, at, limit }: Progress,
): AsyncGenerator<Piece> {
  if (whole === undefined) {
    // An object that was replaced at once is gone, but who has been sent all of it has missed nothing.
    const all = upload?.state === 'complete' && upload.etag === multipartETag(sent.map(({ etag }) => etag));
    const passed = sent.reduce((sum, { size }) => sum + size, 0);
    if (all && at >= Math.min(passed, limit)) return;
    throw new BrokenBody('it was aborted, or its object is gone');
  }
  const parts = await whole.parts(sent.length);
  if (parts.length !== sent.length || !parts.every((part, i) => samePart(part, sent[i])))
    throw new BrokenBody('it was completed with other parts');
  const to = Math.min(whole.size, limit);
  if (at < to) yield wholePiece(whole, at, to);
}
