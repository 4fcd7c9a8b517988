/** Packs a body into the spool: deflated where that makes it smaller, stored otherwise, so that ranges of it are cheap. */

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, crc32, createDeflateRaw, deflateRaw, deflateRawSync } from 'node:zlib';
import { toSlices } from '../../slices.ts';
import { METHOD } from './format.ts';
import type { Run } from './packed-data.ts';
import type { Spool } from './spool.ts';

/** A body up to this is packed in one call. */
const SLICE_BYTES = 256 * 1024;
/** What is tried of a large body, to see whether deflating is worth while. */
const PROBE_BYTES = 32 * 1024;
/** Less than a twentieth saved is not worth the time, and the ranges that are lost. */
const WORTH = 0.95;

const deflateAll = promisify(deflateRaw);

export interface PackOptions {
  readonly compression: 'deflate' | 'store';
  readonly level: number;
}

export interface PackedBody {
  readonly method: number;
  readonly crc: number;
  readonly size: number;
  readonly packedSize: number;
  readonly runs: readonly Run[];
}

/** @param onBytes called with the size so far, before any of it is written */
export async function pack(
  body: AsyncIterable<Uint8Array>,
  spool: Spool,
  options: PackOptions,
  onBytes: (size: number) => void,
): Promise<PackedBody> {
  const slices = toSlices(body, SLICE_BYTES)[Symbol.asyncIterator]();
  const runs: Run[] = [];
  const totals = { crc: 0, size: 0 };
  const count = (slice: Uint8Array): void => {
    totals.size += slice.byteLength;
    onBytes(totals.size);
    totals.crc = crc32(slice, totals.crc);
  };
  try {
    const first = await slices.next();
    const bytes = first.done === true ? new Uint8Array(0) : first.value;
    count(bytes);
    if (bytes.byteLength < SLICE_BYTES) {
      const packed = await packSmall(bytes, options);
      if (packed.bytes.byteLength > 0) await spool.append(packed.bytes, runs);
      return { ...totals, method: packed.method, packedSize: packed.bytes.byteLength, runs };
    }
    const all = counted(bytes, slices, count);
    const method = isWorthDeflating(bytes, options) ? METHOD.deflated : METHOD.stored;
    if (method === METHOD.deflated) await deflate(all, spool, runs, options.level);
    else for await (const slice of all) await spool.append(slice, runs);
    const packedSize = runs.reduce((sum, { start, end }) => sum + end - start, 0);
    return { ...totals, method, packedSize, runs };
  } finally {
    await slices.return?.(undefined);
  }
}

async function packSmall(
  bytes: Uint8Array,
  { compression, level }: PackOptions,
): Promise<{ readonly method: number; readonly bytes: Uint8Array }> {
  if (compression === 'deflate' && bytes.byteLength > 0) {
    const packed = await deflateAll(bytes, { level });
    if (packed.byteLength < bytes.byteLength * WORTH) return { method: METHOD.deflated, bytes: packed };
  }
  return { method: METHOD.stored, bytes };
}

function isWorthDeflating(bytes: Uint8Array, { compression }: PackOptions): boolean {
  if (compression === 'store') return false;
  const probe = bytes.subarray(0, PROBE_BYTES);
  return deflateRawSync(probe, { level: constants.Z_BEST_SPEED }).byteLength < probe.byteLength * WORTH;
}

async function* counted(
  first: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
  count: (slice: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
    count(next.value);
    yield next.value;
  }
}

async function deflate(
  slices: AsyncIterable<Uint8Array>,
  spool: Spool,
  runs: Run[],
  level: number,
): Promise<void> {
  // A slice's memory is used again while the packer still has it.
  const copies = async function* (): AsyncGenerator<Uint8Array> {
    for await (const slice of slices) yield slice.slice();
  };
  await pipeline(
    Readable.from(copies(), { objectMode: true, highWaterMark: 1 }),
    createDeflateRaw({ level, chunkSize: SLICE_BYTES }),
    async (packed: AsyncIterable<Uint8Array>) => {
      for await (const chunk of toSlices(packed, SLICE_BYTES)) await spool.append(chunk, runs);
    },
  );
}
