/** An upload made of part objects, as `PolledReader` reads it: looks at listings, reads parts, then the object. */

import type { ObjectStore } from '../object-store.ts';
import { CountedParts } from './counted-parts.ts';
import type { PartObjects } from './part-objects.ts';
import type { UploadLook, UploadSource } from './polled-reader.ts';
import { listParts, readSpans } from './stored-parts.ts';
import { noUpload } from './upload-log.ts';
import type { UploadLog } from './upload-log.ts';

export class PartUploadSource implements UploadSource {
  readonly key: string;
  readonly id: string;
  readonly partSize: number;
  readonly #objects: PartObjects;
  readonly #log: UploadLog;
  readonly #counted: CountedParts;

  constructor(objects: PartObjects, log: UploadLog) {
    this.#objects = objects;
    this.#log = log;
    this.key = log.state.key;
    this.id = log.id;
    this.partSize = log.state.partSize;
    this.#counted = new CountedParts(log.folder, this.partSize);
  }

  async look(signal: AbortSignal | undefined): Promise<UploadLook> {
    // The parts first: one that somebody stored after he was shut out would count by an earlier state.
    const listed = await listParts(this.#objects, this.#log.folder, this.#counted.firstOpen, signal);
    const state = await this.#log.refresh('openUpload', signal);
    if (state.phase === 'aborted') throw noUpload('openUpload', this.key, this.id, state);
    if (state.phase === 'complete') return { committed: state.size ?? 0, etag: state.etag };
    this.#counted.add(listed, state);
    return { committed: this.#counted.committed };
  }

  readCommitted(start: number, end: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array> {
    return readSpans(this.#objects, this.#counted.spans(start, end), signal);
  }

  async *readObject(
    etag: string,
    start: number,
    end: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array> {
    const objects: Pick<ObjectStore, 'get'> = this.#objects;
    await using read = await objects.get(this.key, { range: { start, end }, ifMatch: etag, signal });
    yield* read.body;
  }
}
