/** Which of the parts that are stored count, and how many bytes they commit: grows as listings and states come in. */

import type { PartName, PartSpan } from './part-objects.ts';
import { partKey } from './part-objects.ts';
import { limitOf } from './upload-state.ts';
import type { UploadState } from './upload-state.ts';

/** A part of which the first `counted` bytes are the upload's. */
interface CountedPart extends PartName {
  readonly counted: number;
}

export class CountedParts {
  readonly #folder: string;
  readonly #partSize: number;
  /** by index, without a gap; all but the last count whole */
  readonly #parts: CountedPart[] = [];
  #committed = 0;

  constructor(folder: string, partSize: number) {
    this.#folder = folder;
    this.#partSize = partSize;
  }

  /** bytes */
  get committed(): number {
    return this.#committed;
  }

  /** The first part that does not count whole: a listing need not begin before it. */
  get firstOpen(): number {
    return Math.floor(this.#committed / this.#partSize);
  }

  /**
   * @param listed all parts from `firstOpen` on, in the order of their names
   * @param state as it was *after* they were listed
   */
  add(listed: readonly PartName[], state: UploadState): void {
    let next = 0;
    for (let index = this.firstOpen; ; index++) {
      const known = this.#parts[index];
      let best: CountedPart | undefined;
      let isKnownThere = false;
      for (; listed[next] !== undefined && (listed[next]?.index ?? 0) <= index; next++) {
        const part = listed[next] as PartName;
        if (part.index < index) continue;
        isKnownThere ||= known?.epoch === part.epoch && known.size === part.size;
        const counted = Math.min(part.size, limitOf(state, part.epoch) - index * this.#partSize);
        if (counted > 0 && counted >= (best?.counted ?? 0)) best = { ...part, counted };
      }
      if (best === undefined) return;
      // What did count goes on to do so, though somebody who takes over has not said yet how far the earlier parts count,
      // or a listing in the middle of a replacement shows neither part. One that is gone has a replacement as long as it.
      const kept = known?.counted ?? 0;
      if (kept > best.counted || (kept === best.counted && isKnownThere)) return;
      this.#parts[index] = best;
      this.#committed = index * this.#partSize + best.counted;
      if (best.counted < this.#partSize) return;
    }
  }

  /** The stored bytes that make up `start` to `end`, which must be committed. */
  *spans(start: number, end: number): Generator<{ key: string; start: number; end: number }> {
    for (let position = start; position < end;) {
      const index = Math.floor(position / this.#partSize);
      const part = this.#parts[index];
      if (part === undefined) return;
      const base = index * this.#partSize;
      const stop = Math.min(end, base + part.counted);
      yield { key: partKey(this.#folder, part), start: position - base, end: stop - base };
      position = stop;
    }
  }

  /** All of them, for composing. */
  all(): PartSpan[] {
    return this.#parts.map((part) => ({ key: partKey(this.#folder, part), size: part.counted }));
  }

  /** The part at the end that does not count whole. */
  get short(): PartName | undefined {
    return this.#committed % this.#partSize === 0 ? undefined : this.#parts[this.firstOpen];
  }
}
