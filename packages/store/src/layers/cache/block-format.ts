/**
 * A block as the cache's store keeps it: bytes of an object, then what object and state they are of, then a checksum over
 * all of it and the name. A block proves itself, so that a cache needs no other file, and a damaged one is a miss.
 */

import { hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Attributes, ObjectInfo } from '../../object-store.ts';

const MAGIC = 0x32_42_43_43;
/** Length of the text, checksum, magic number: four bytes each. */
const END_BYTES = 12;
/** Those that the checksum is not over. The length is: with another one, bytes of the object that are blanks were the text's. */
const END_TAIL_BYTES = 8;

/** Names what is cached of a key: fixed in length, whatever the key has in it. */
export function keyName(key: unknown): string {
  // What is no text is refused by the origin, not here.
  return hash('sha256', typeof key === 'string' ? key : '', 'hex').slice(0, 40);
}

/** Hot objects are asked for by the info that is remembered of them: their names need not be hashed again. */
const STATE_NAMES = new WeakMap<object, string>();

/** Names a state of a key: what is cached of one state is never taken for another's. */
export function stateName(info: Pick<ObjectInfo, 'key' | 'etag'>): string {
  let name = STATE_NAMES.get(info);
  if (name === undefined) {
    name = `${keyName(info.key)}/${hash('sha256', info.etag, 'hex').slice(0, 20)}`;
    STATE_NAMES.set(info, name);
  }
  return name;
}

export function blockName(state: string, index: number): string {
  return `${state}/${index}`;
}

const NAME = /^((?<key>[0-9a-f]{40})\/[0-9a-f]{20})\/(?<index>0|[1-9][0-9]{0,14})$/;

/** What a name of the cache's store stands for; `undefined` for what is not the cache's. */
export function parseBlockName(name: string): { key: string; state: string; index: number } | undefined {
  const [, state] = NAME.exec(name) ?? [];
  if (state === undefined) return undefined;
  return { key: state.slice(0, 40), state, index: Number(name.slice(state.length + 1)) };
}

/** What is stored behind a block's bytes. */
export function blockEnd(name: string, bytes: Uint8Array, info: ObjectInfo): Buffer {
  const { key, size, etag, lastModified, version, attributes } = info;
  const text = Buffer.from(
    JSON.stringify({ key, size, etag, lastModified: lastModified.getTime(), version, attributes }),
  );
  const end = Buffer.alloc(text.byteLength + END_BYTES);
  end.set(text, 0);
  end.writeUInt32LE(text.byteLength, text.byteLength);
  end.writeUInt32LE(crc32(end.subarray(0, -END_TAIL_BYTES), crc32(bytes, crc32(name))), text.byteLength + 4);
  end.writeUInt32LE(MAGIC, text.byteLength + 8);
  return end;
}

/** @returns what `blockEnd` was given, or `undefined` if anything is not as it was */
export function readBlock(
  name: string,
  stored: Uint8Array,
): { readonly bytes: Uint8Array; readonly info: ObjectInfo } | undefined {
  const all = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const endAt = all.byteLength - END_BYTES;
  if (endAt < 0 || all.readUInt32LE(endAt + 8) !== MAGIC) return undefined;
  const textAt = endAt - all.readUInt32LE(endAt);
  const summed = all.subarray(0, -END_TAIL_BYTES);
  if (textAt < 0 || crc32(summed, crc32(name)) !== all.readUInt32LE(endAt + 4)) return undefined;
  const info = JSON.parse(all.toString('utf8', textAt, endAt)) as {
    readonly key: string;
    readonly size: number;
    readonly etag: string;
    readonly lastModified: number;
    readonly version?: string;
    readonly attributes: Attributes;
  };
  return { bytes: stored.subarray(0, textAt), info: { ...info, lastModified: new Date(info.lastModified) } };
}
