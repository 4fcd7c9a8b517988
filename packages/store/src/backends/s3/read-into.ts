/**
 * `readInto`: chunks of the network go straight into the caller's memory, from several ranges at once. The first answer
 * tells the size and the state, so that what fits one range takes one round trip; all others are pinned to that state.
 */

import { crc32 } from '@cistern/protocol/client';
import { checkGetConditions } from '../../conditions.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { ObjectInfo, ReadIntoOptions, ReadTarget } from '../../object-store.ts';
import { guessPartSize, planRanges, RangeWriter } from '../../ranges/plan.ts';
import type { PlannedRange } from '../../ranges/plan.ts';
import { checkTargets, fitTargets } from '../../read-targets.ts';
import type { S3Context } from './context.ts';
import type { ResponseHeaders } from './exchange.ts';
import { cutOff, damaged, formatRange, headObject, readRequest, wholeCrc32 } from './get.ts';
import { readInfo, readSpan } from './object-headers.ts';

/** Large enough that the request costs nothing against the bytes, small enough for several at once. Bytes. */
const RANGE_BYTES = 8 * 1024 * 1024;
/** What a further request costs is worth so many bytes. */
const GAP_BYTES = 128 * 1024;

export async function readInto(
  context: S3Context,
  key: string,
  targets: readonly ReadTarget[],
  options: ReadIntoOptions,
): Promise<ObjectInfo> {
  checkTargets(targets, options, key);
  return new Reader(context, key, targets, options).run();
}

class Reader {
  readonly #context: S3Context;
  readonly #key: string;
  readonly #targets: readonly ReadTarget[];
  readonly #options: ReadIntoOptions;
  readonly #concurrency: number;
  #stop: AbortController | undefined;
  #signal: AbortSignal | undefined;
  readonly #rest: Promise<unknown>[] = [];
  #info: ObjectInfo | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(context: S3Context, key: string, targets: readonly ReadTarget[], options: ReadIntoOptions) {
    this.#context = context;
    this.#key = key;
    this.#targets = targets;
    this.#options = options;
    this.#concurrency = Math.max(1, options.concurrency ?? context.concurrency);
  }

  async run(): Promise<ObjectInfo> {
    const { whole } = this.#options;
    const [target] = this.#targets;
    if (whole === true && target !== undefined && target.into.byteLength > 0) {
      return this.#whole(target.into);
    }
    const plan = planRanges(this.#targets, {
      rangeBytesMax: RANGE_BYTES,
      gap: this.#options.gap ?? GAP_BYTES,
    });
    const [first, ...rest] = plan;
    if (first === undefined) return this.#nothing();
    return this.#all(first, () => rest);
  }

  /** No byte is wanted: the info is, and the checks. */
  async #nothing(): Promise<ObjectInfo> {
    const { info } = await headObject(this.#context, 'readInto', this.#key, this.#options);
    fitTargets(this.#targets, this.#options, info.size, this.#key);
    return info;
  }

  async #whole(into: Uint8Array): Promise<ObjectInfo> {
    if (into.byteLength <= RANGE_BYTES) return this.#single(into);
    const first = {
      start: 0,
      end: RANGE_BYTES,
      targets: [{ start: 0, into: into.subarray(0, RANGE_BYTES) }],
    };
    const others = ({ size, etag }: ObjectInfo): PlannedRange[] => {
      if (size <= RANGE_BYTES) return [];
      const parts = Number(/-(\d+)$/.exec(etag)?.[1] ?? 0);
      return planRanges([{ start: RANGE_BYTES, into: into.subarray(RANGE_BYTES, size) }], {
        rangeBytesMax: RANGE_BYTES,
        gap: 0,
        align: guessPartSize(size, parts),
      });
    };
    try {
      return await this.#all(first, others);
    } catch (error) {
      if (!isStoreError(error, 'InvalidRange')) throw error;
      // An empty object has no range. One that has bytes now was changed since, and none of them are in memory.
      const info = await this.#nothing();
      if (info.size > 0) throw this.#changed(error);
      return info;
    }
  }

  /** All of an object that fits one range: without a range, so that its checksum comes along. */
  async #single(into: Uint8Array): Promise<ObjectInfo> {
    const { client, checksums } = this.#context;
    const key = this.#key;
    const request = readRequest('readInto', key, this.#options);
    if (checksums) request.headers.push(['x-amz-checksum-mode', 'ENABLED']);
    let writer: RangeWriter | undefined;
    let checksum: number | undefined;
    let crc = 0;
    await client.send(request, (status, headers) => {
      this.#info = this.#look(status, headers);
      const { size } = this.#info;
      checksum = wholeCrc32(headers);
      const taker = new RangeWriter({
        start: 0,
        end: size,
        targets: [{ start: 0, into: into.subarray(0, size) }],
      });
      writer = taker;
      return (chunk) => {
        if (!taker.write(chunk)) throw this.#odd();
        if (checksum !== undefined) crc = crc32(chunk, crc);
      };
    });
    if (writer === undefined || this.#info === undefined) throw this.#odd();
    if (writer.missing > 0) throw cutOff('readInto', key, writer.missing);
    if (checksum !== undefined && crc !== checksum) throw damaged('readInto', key);
    return this.#info;
  }

  /** @param others what to fetch beside the first range, once the object's size is known */
  async #all(first: PlannedRange, others: (info: ObjectInfo) => PlannedRange[]): Promise<ObjectInfo> {
    const { signal } = (this.#stop = new AbortController());
    this.#signal =
      this.#options.signal === undefined ? signal : AbortSignal.any([this.#options.signal, signal]);
    const begun = this.#fetch(first, undefined, (info) => {
      const rest = others(info);
      const lanes = Math.min(this.#concurrency - 1, rest.length);
      for (let lane = 0; lane < lanes; lane++) this.#rest.push(this.#lane(rest, info.etag));
      // With one lane the first range goes before the others.
      if (lanes === 0 && rest.length > 0) this.#rest.push(begun.then(() => this.#lane(rest, info.etag)));
    });
    try {
      await begun;
    } catch (error) {
      this.#fail(error);
    }
    // Nothing may be written to the caller's memory after this has rejected.
    await Promise.allSettled(this.#rest);
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      throw error instanceof Error ? error : this.#odd();
    }
    if (this.#info === undefined) throw this.#odd();
    return this.#info;
  }

  /** Takes one range after the other from what is left. */
  async #lane(rest: PlannedRange[], etag: string): Promise<void> {
    try {
      for (let range = rest.shift(); range !== undefined; range = rest.shift())
        await this.#fetch(range, etag);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#stop?.abort(error);
  }

  /** @param pin the etag of the answer before */
  async #fetch(
    range: PlannedRange,
    pin: string | undefined,
    onInfo?: (info: ObjectInfo) => void,
  ): Promise<void> {
    const key = this.#key;
    const { ifMatch = pin, version } = this.#options;
    const request = readRequest('readInto', key, { ifMatch, version, signal: this.#signal });
    request.headers.push(['range', formatRange(range)]);
    let writer: RangeWriter | undefined;
    try {
      await this.#context.client.send(request, (status, headers) => {
        const info = this.#look(status, headers);
        if (pin !== undefined && info.etag !== pin) throw this.#changed();
        const span = readSpan(status, headers, key);
        // A whole object may be smaller than the first range.
        const end = Math.min(range.end, info.size);
        if (span.start !== range.start || span.end !== end) throw this.#odd();
        const taker = new RangeWriter({ ...range, end });
        writer = taker;
        if (onInfo !== undefined) {
          this.#info = info;
          onInfo(info);
        }
        return (chunk) => {
          if (!taker.write(chunk)) throw this.#odd();
        };
      });
    } catch (error) {
      // Within the size of the pinned state: the object is a smaller one now, of a service that looks at the range first.
      if (pin !== undefined && isStoreError(error, 'InvalidRange')) throw this.#changed(error);
      const pinned = pin !== undefined && this.#options.ifMatch === undefined;
      if (pinned && (isStoreError(error, 'PreconditionFailed') || isStoreError(error, 'NotFound'))) {
        throw this.#changed(error);
      }
      throw error;
    }
    if (writer === undefined) throw this.#odd();
    if (writer.missing > 0) throw cutOff('readInto', key, writer.missing);
  }

  #look(status: number, headers: ResponseHeaders): ObjectInfo {
    const info = readInfo(this.#key, headers, readSpan(status, headers, this.#key).size);
    checkGetConditions({ ifMatch: this.#options.ifMatch }, info.etag, 'readInto', this.#key);
    fitTargets(this.#targets, this.#options, info.size, this.#key);
    return info;
  }

  #changed(cause?: unknown): StoreError {
    return new StoreError('Conflict', `${this.#key} was changed while it was read`, {
      operation: 'readInto',
      key: this.#key,
      cause,
      retry: 'temporary',
    });
  }

  #odd(): StoreError {
    return new StoreError('Unexpected', `Other bytes of ${this.#key} came than were asked for`, {
      operation: 'readInto',
      key: this.#key,
    });
  }
}
