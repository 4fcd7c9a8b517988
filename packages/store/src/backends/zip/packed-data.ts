/** The packed bytes of an entry, wherever they are: in the archive, behind a local header, or in the spool, in runs. */

import { StoreError } from '../../errors.ts';
import type { ArchiveSource } from './archive-source.ts';
import { corrupt } from './directory.ts';
import type { RawEntry } from './directory.ts';
import { LENGTH, SIGNATURE, view } from './format.ts';

export interface PackedData {
  /** Bytes `from` to `to - 1`. */
  stream(from: number, to: number, signal?: AbortSignal): AsyncIterable<Uint8Array>;
  /** All of them, in one piece: for small ones. */
  whole(signal?: AbortSignal): Promise<Uint8Array>;
  /** Keeps what they are in; once for each `release`. */
  retain(): void;
  release(): void;
}

/** Local headers most often have less than this behind their name. */
const LOCAL_EXTRA_BYTES = 64;

export class ArchivedData implements PackedData {
  readonly #source: ArchiveSource;
  readonly #entry: RawEntry;

  constructor(source: ArchiveSource, entry: RawEntry) {
    this.#source = source;
    this.#entry = entry;
  }

  async *stream(from: number, to: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { start } = await this.#locate(0, signal);
    yield* this.#source.stream(start + from, start + to, signal);
  }

  /** In one read with the local header. */
  async whole(signal?: AbortSignal): Promise<Uint8Array> {
    const { packedSize } = this.#entry;
    const { start, behind } = await this.#locate(packedSize, signal);
    if (behind.byteLength >= packedSize) return behind.subarray(0, packedSize);
    return this.#source.read(start, start + packedSize, signal);
  }

  retain(): void {
    this.#source.retain();
  }

  release(): void {
    this.#source.release();
  }

  /**
   * Reads the local header, which must say the same as the directory: what other programs unpack is what this store shows.
   *
   * @param ahead bytes to read behind the header at the same time
   */
  async #locate(ahead: number, signal?: AbortSignal): Promise<{ start: number; behind: Uint8Array }> {
    const { offset, limit, record, packedSize, name, method, flags } = this.#entry;
    const nameLength = view(record).getUint16(28, true);
    const guess = LENGTH.local + nameLength + LOCAL_EXTRA_BYTES + ahead;
    const bytes = await this.#source.read(offset, Math.min(limit, offset + guess), signal);
    const data = view(bytes);
    const agrees =
      data.getUint32(0, true) === SIGNATURE.local &&
      data.getUint16(6, true) === flags &&
      data.getUint16(8, true) === method &&
      data.getUint16(26, true) === nameLength &&
      Buffer.compare(
        bytes.subarray(LENGTH.local, LENGTH.local + nameLength),
        record.subarray(LENGTH.central, LENGTH.central + nameLength),
      ) === 0;
    if (!agrees) throw corrupt(this.#source.name, `${name} has a header that its directory does not know`);
    const head = LENGTH.local + nameLength + data.getUint16(28, true);
    if (offset + head + packedSize > limit) {
      throw corrupt(this.#source.name, `${name} overlaps what follows it`);
    }
    return { start: offset + head, behind: bytes.subarray(Math.min(head, bytes.byteLength)) };
  }
}

/** A run of bytes in a file: half open. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

export class SpooledData implements PackedData {
  readonly #spool: ArchiveSource;
  readonly #runs: readonly Run[];

  constructor(spool: ArchiveSource, runs: readonly Run[]) {
    this.#spool = spool;
    this.#runs = runs;
  }

  async *stream(from: number, to: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    let position = 0;
    for (const { start, end } of this.#runs) {
      const first = Math.max(from, position);
      const last = Math.min(to, position + end - start);
      if (first < last) yield* this.#spool.stream(start + first - position, start + last - position, signal);
      position += end - start;
      if (position >= to) return;
    }
  }

  async whole(signal?: AbortSignal): Promise<Uint8Array> {
    const size = this.#runs.reduce((sum, { start, end }) => sum + end - start, 0);
    const bytes = new Uint8Array(size);
    let filled = 0;
    for await (const chunk of this.stream(0, size, signal)) {
      bytes.set(chunk, filled);
      filled += chunk.byteLength;
    }
    if (filled < size)
      throw new StoreError('Corrupt', `${this.#spool.name} is shorter than what was written`);
    return bytes;
  }

  retain(): void {
    this.#spool.retain();
  }

  release(): void {
    this.#spool.release();
  }
}
