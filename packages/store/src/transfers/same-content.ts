/** Whether two objects have the same bytes: by sums that the stores vouch for, where that saves reading, else byte by byte. */

import { createHash } from 'node:crypto';
import { createChecksum, formatChecksum } from '@cistern/protocol/client';
import type { CallOptions, ObjectInfo, ObjectStore } from '../object-store.ts';
import { sameBytes } from '../uploads/same-bytes.ts';
import { checksumsOf, knownChecksums } from './known-checksums.ts';
import type { KnownChecksums } from './known-checksums.ts';

export interface ObjectAt {
  readonly store: ObjectStore;
  readonly key: string;
}

export interface SameContentOptions extends CallOptions {
  /** `true`: what the stores say counts for nothing, and both are read. `false` when left out */
  readonly read?: boolean | undefined;
  /** called as bytes are read, with how many more, of either object */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

export interface SameContent {
  readonly isSame: boolean;
  /** what decided it */
  readonly by: 'size' | 'crc32' | 'md5' | 'bytes';
}

/**
 * Compares two objects, each in one state. Where both stores keep the same kind of sum nothing is read; where one of them
 * keeps any, the other object alone is read.
 *
 * @throws {StoreError} of either store; `PreconditionFailed` or `Conflict` for an object that changes meanwhile
 */
export async function sameContent(
  left: ObjectAt,
  right: ObjectAt,
  options: SameContentOptions = {},
): Promise<SameContent> {
  const { signal, read = false } = options;
  const [a, b] = await Promise.all(
    [left, right].map(({ store, key }) => knownChecksums(store, key, { signal })),
  );
  if (a === undefined || b === undefined || a.info.size !== b.info.size) return { isSame: false, by: 'size' };
  if (a.info.size === 0) return { isSame: true, by: 'size' };
  if (!read) {
    for (const by of ['crc32', 'md5'] as const) {
      if (a[by] !== undefined && b[by] !== undefined) return { isSame: a[by] === b[by], by };
    }
    // What keeps no sums is the nearer one.
    const isLeftKnown = isKnown(a) && (!isKnown(b) || checksumsOf(left.store) !== undefined);
    if (isLeftKnown) return bySum(a, right, b.info, options);
    if (isKnown(b)) return bySum(b, left, a.info, options);
  }
  await using one = await openWhole(left, a.info, signal);
  await using other = await openWhole(right, b.info, signal);
  const isSame = await sameBytes(counted(one.body, options), counted(other.body, options));
  return { isSame, by: 'bytes' };
}

function isKnown({ crc32, md5 }: KnownChecksums): boolean {
  return crc32 !== undefined || md5 !== undefined;
}

/** Reads one object, and compares it with what is known of the other. */
async function bySum(
  { crc32, md5 }: KnownChecksums,
  object: ObjectAt,
  info: ObjectInfo,
  options: SameContentOptions,
): Promise<SameContent> {
  await using read = await openWhole(object, info, options.signal);
  if (crc32 !== undefined) {
    const sum = createChecksum('CRC32');
    for await (const chunk of counted(read.body, options)) sum.update(chunk);
    return { isSame: formatChecksum(sum.digest()) === crc32, by: 'crc32' };
  }
  const hash = createHash('md5');
  for await (const chunk of counted(read.body, options)) hash.update(chunk);
  return { isSame: hash.digest('hex') === md5, by: 'md5' };
}

function openWhole(
  { store, key }: ObjectAt,
  { etag }: ObjectInfo,
  signal: AbortSignal | undefined,
): ReturnType<ObjectStore['get']> {
  return store.get(key, { ifMatch: etag, signal });
}

async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  { onBytes }: SameContentOptions,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes?.(chunk.byteLength);
    yield chunk;
  }
}
