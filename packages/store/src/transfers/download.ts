/**
 * A large object into a file of a plain folder: ranges of one state side by side, each written where it belongs, compared as a
 * whole with what the source says of it, and only then given its name. With a journal what is on the disk stays when the
 * transfer fails, and the next one reads it again, compares it, and fetches the rest.
 */

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from '@cistern/protocol/client';
import { toStoreError } from '../backends/files/system-errors.ts';
import { isStoreError, StoreError, throwIfAborted } from '../errors.ts';
import { runLanes } from '../lanes.ts';
import type { ObjectInfo } from '../object-store.ts';
import { Blocks } from './blocks.ts';
import type { KnownChecksums } from './known-checksums.ts';
import {
  checkFree,
  discard,
  fileTime,
  localInfo,
  moveInPlace,
  partialPath,
  syncFolder,
} from './local-file.ts';
import type { LocalWrite } from './local-file.ts';
import type { Origin } from './origin.ts';
import { isSameSource, rememberedSource } from './remembered.ts';
import type { Remembered } from './remembered.ts';
import { BlockFile, writeBlocks } from './write-blocks.ts';

const MIB = 1024 * 1024;
/** Of a request: large enough that it costs nothing against its bytes, small enough for several at once. */
const RANGE_BYTES = 8 * MIB;
const CONCURRENCY = 8;
/** An MD5 needs all bytes in order, so they are read again: up to this much that is cheap against the network. */
const MD5_BYTES_MAX = 256 * MIB;
/** Milliseconds between two texts of a journal. */
const REMEMBER_MS = 500;

export interface Download {
  readonly origin: Origin;
  /** the state that is fetched */
  readonly known: KnownChecksums;
  readonly write: LocalWrite;
  readonly rangeBytes: number | undefined;
  readonly concurrency: number | undefined;
  readonly remembered: Remembered | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number, isResumed: boolean) => void;
}

export type Verified = 'crc32' | 'md5' | 'size';

export async function downloadFile(download: Download): Promise<{ info: ObjectInfo; verified: Verified }> {
  const { known, write, remembered } = download;
  const { key } = write;
  const partial = partialPath(write.path, remembered !== undefined);
  try {
    checkFree(write);
    const { file, blocks } = await openPartial(download, partial);
    let stats: BigIntStats;
    let verified: Verified;
    try {
      await fetchMissing(download, file, blocks);
      verified = await verify(download, file, blocks);
      // The listed one, so that a later comparison of listings finds it the same.
      const lastModified = download.origin.timeOf(known.info);
      const time = fileTime(lastModified);
      await file.utimes(time, time);
      stats = await file.stat({ bigint: true });
      if (write.durable) await file.sync();
      await checkOwn(partial, stats, key);
    } finally {
      await file.close();
    }
    moveInPlace(write, partial);
    if (write.durable) await syncFolder(write);
    await remembered?.remove();
    return { info: localInfo(key, stats), verified };
  } catch (error) {
    if (remembered?.isKept !== true || isInVain(error, download)) {
      discard(partial);
      await remembered?.remove();
    }
    throw toStoreError(error, 'put', key);
  }
}

/** Whether another run could not go on from here either. */
function isInVain(error: unknown, { origin }: Download): boolean {
  if (origin.isChanged) return true;
  return isStoreError(error) && ['AlreadyExists', 'Corrupt', 'NotFound'].includes(error.code);
}

/** A file with the blocks of an earlier run that are still those which came, or a new one. */
async function openPartial(
  download: Download,
  partial: string,
): Promise<{ file: FileHandle; blocks: Blocks }> {
  const { known, remembered } = download;
  const { info } = known;
  const found = await remembered?.read();
  const isSame = found !== undefined && isSameSource(found.source, rememberedSource(info));
  const blocks = isSame ? Blocks.fromText(info.size, found.fields['blocks']) : undefined;
  if (blocks !== undefined) {
    // No link, which could lead anywhere. Windows has none to follow here.
    const noLink = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;
    // Gone, or nothing that can be written to: there is nothing to go on with.
    const file = await open(partial, constants.O_RDWR | noLink).catch(() => undefined);
    if (file !== undefined) {
      try {
        await checkBlocks(download, file, blocks);
        return { file, blocks };
      } catch (error) {
        await file.close();
        throw error;
      }
    }
  }
  // Not written over: whoever has the old file open keeps it to themselves.
  discard(partial);
  const file = await open(partial, 'wx+');
  return { file, blocks: new Blocks(info.size) };
}

/** Reads what is there; a block with other bytes is one that is missing. */
async function checkBlocks(download: Download, file: FileHandle, blocks: Blocks): Promise<void> {
  const { onBytes, signal, write, known } = download;
  const memory = Buffer.allocUnsafeSlow(Math.min(MIB, blocks.size));
  // What is longer than the object was not written for it.
  if ((await file.stat()).size > known.info.size) await file.truncate(0);
  for (const { start, end, crc32: expected } of blocks.present()) {
    throwIfAborted(signal, 'put', write.key);
    let sum = 0;
    let position = start;
    while (position < end) {
      const { bytesRead } = await file.read(memory, 0, Math.min(memory.byteLength, end - position), position);
      if (bytesRead === 0) break;
      sum = crc32(memory.subarray(0, bytesRead), sum);
      position += bytesRead;
    }
    const isThere = position === end && sum === expected;
    blocks.set(start, isThere ? expected : undefined);
    if (isThere) onBytes(end - start, true);
  }
}

async function fetchMissing(download: Download, file: FileHandle, blocks: Blocks): Promise<void> {
  const { origin, known, write, remembered, onBytes } = download;
  const { etag } = known.info;
  const source = rememberedSource(known.info);
  const target = new BlockFile(file);
  const runs = [...blocks.missing(download.rangeBytes ?? RANGE_BYTES)];
  const concurrency = Math.min(runs.length, download.concurrency ?? CONCURRENCY);
  const remember = (): Promise<void> | undefined => remembered?.write(source, { blocks: blocks.toText() });
  let rememberedAt = Number.NEGATIVE_INFINITY;
  try {
    await runLanes(runs, concurrency, download.signal, async (run, signal) => {
      throwIfAborted(signal, 'get', write.key);
      const chunks = origin.chunks(run.start, run.end, etag, signal);
      await writeBlocks(target, blocks, run, chunks, async (bytes, isBlock) => {
        onBytes(bytes, false);
        if (remembered === undefined || !isBlock || performance.now() - rememberedAt < REMEMBER_MS) return;
        rememberedAt = performance.now();
        await remember();
      });
    });
  } catch (error) {
    await remember();
    throw error;
  }
}

/** @throws {StoreError} `Corrupt` */
async function verify(download: Download, file: FileHandle, blocks: Blocks): Promise<Verified> {
  const { origin, known, write } = download;
  const { key } = origin.source;
  const { size } = await file.stat();
  if (size !== known.info.size) throw corrupt(key, `${size} bytes`, `${known.info.size} bytes`);
  if (known.crc32 !== undefined) {
    const sum = blocks.crc32();
    if (sum !== known.crc32) throw corrupt(key, `the CRC-32 ${sum}`, known.crc32);
    return 'crc32';
  }
  if (known.md5 === undefined || size > MD5_BYTES_MAX) return 'size';
  const hash = createHash('md5');
  const memory = Buffer.allocUnsafeSlow(Math.min(MIB, Math.max(1, size)));
  for (let position = 0; position < size;) {
    throwIfAborted(download.signal, 'put', write.key);
    const { bytesRead } = await file.read(memory, 0, memory.byteLength, position);
    if (bytesRead === 0) break;
    hash.update(memory.subarray(0, bytesRead));
    position += bytesRead;
  }
  const sum = hash.digest('hex');
  if (sum !== known.md5) throw corrupt(key, `the MD5 ${sum}`, known.md5);
  return 'md5';
}

function corrupt(key: string, came: string, expected: string): StoreError {
  return new StoreError(
    'Corrupt',
    `What came of ${key} has ${came}, and not ${expected} as the source says: it was dropped, get it again`,
    { operation: 'get', key },
  );
}

/** Another process may have begun anew under the same name: its file is not to be given the target's. */
async function checkOwn(partial: string, { ino, dev }: BigIntStats, key: string): Promise<void> {
  const found = await lstat(partial, { bigint: true }).catch(() => undefined);
  if (found?.ino === ino && found.dev === dev) return;
  throw new StoreError('Conflict', `Somebody else is fetching ${key} to the same place`, {
    operation: 'put',
    key,
  });
}
