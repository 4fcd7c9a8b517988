/** Entries as objects: what of an object is kept in the records of an archive, and how. */

import { StoreError } from '../../errors.ts';
import { hasAttributes, toAttributes } from '../../attributes.ts';
import type { Attributes, ObjectInfo } from '../../object-store.ts';
import type { ArchiveSource } from './archive-source.ts';
import type { RawEntry } from './directory.ts';
import { EXTRA, findExtra, fromDosTime, LENGTH, makeExtra, view } from './format.ts';
import { ArchivedData } from './packed-data.ts';
import type { Packed } from './unpack.ts';

export interface ZipEntry extends Packed {
  readonly info: ObjectInfo;
  /** what it is in the archive that is open; `undefined` for what is to be written */
  readonly raw: RawEntry | undefined;
}

/** Version 1 of our field: this many bytes before the attributes. */
const OWN_BYTES = 17;
/** Extra fields have 65,535 bytes together; ZIP64's and the time need some of them. */
const ATTRIBUTES_BYTES_MAX = 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** An entry of an archive. Its info is looked up when it is asked for: most are only listed, or not even that. */
export class ArchivedEntry implements ZipEntry {
  readonly key: string;
  readonly method: number;
  readonly flags: number;
  readonly crc: number;
  readonly size: number;
  readonly packedSize: number;
  readonly raw: RawEntry;
  readonly #source: ArchiveSource;

  constructor(source: ArchiveSource, raw: RawEntry) {
    this.key = raw.name;
    this.method = raw.method;
    this.flags = raw.flags;
    this.crc = raw.crc;
    this.size = raw.size;
    this.packedSize = raw.packedSize;
    this.raw = raw;
    this.#source = source;
  }

  get data(): ArchivedData {
    return new ArchivedData(this.#source, this.raw);
  }

  /** Whether a store wrote it. */
  get isOwn(): boolean {
    return readOwn(findExtra(extraOf(this.raw.record), EXTRA.cistern)) !== undefined;
  }

  get info(): ObjectInfo {
    const extra = extraOf(this.raw.record);
    const own = readOwn(findExtra(extra, EXTRA.cistern));
    const lastModified = own?.lastModified ?? modifiedOf(this.raw.record, extra);
    // What wrote it did not know of etags: a change of the bytes or of the time is a change.
    const etag =
      own?.etag ?? [this.crc, this.size, lastModified.getTime()].map((n) => n.toString(36)).join('-');
    return { key: this.key, size: this.size, etag, lastModified, attributes: own?.attributes ?? {} };
  }
}

function extraOf(record: Uint8Array): Uint8Array {
  const data = view(record);
  const start = LENGTH.central + data.getUint16(28, true);
  return record.subarray(start, start + data.getUint16(30, true));
}

function modifiedOf(record: Uint8Array, extra: Uint8Array): Date {
  const time = findExtra(extra, EXTRA.time);
  const data = view(record);
  if (time !== undefined && time.byteLength >= 5 && ((time[0] ?? 0) & 1) !== 0) {
    return new Date(view(time).getInt32(1, true) * 1000);
  }
  return fromDosTime(data.getUint16(12, true), data.getUint16(14, true));
}

function readOwn(
  field: Uint8Array | undefined,
): { readonly etag: string; readonly lastModified: Date; readonly attributes: Attributes } | undefined {
  if (field === undefined || field.byteLength < OWN_BYTES || field[0] !== 1) return undefined;
  const data = view(field);
  const attributes = readAttributes(field.subarray(OWN_BYTES));
  const lastModified = new Date(Number(data.getBigInt64(9, true)));
  if (attributes === undefined || Number.isNaN(lastModified.getTime())) return undefined;
  return { etag: data.getBigUint64(1, true).toString(16), lastModified, attributes };
}

/** @returns `undefined` for what somebody else has made of them, such as values that would end a header's line */
function readAttributes(bytes: Uint8Array): Attributes | undefined {
  if (bytes.byteLength === 0) return {};
  try {
    const found = JSON.parse(decoder.decode(bytes)) as Attributes;
    return toAttributes(found, 'get', '', ATTRIBUTES_BYTES_MAX);
  } catch {
    return undefined;
  }
}

/** Our field, which only the directory has. @throws {StoreError} `TooLarge` */
export function makeOwn({ key, etag, lastModified, attributes }: ObjectInfo): Uint8Array {
  const text = hasAttributes(attributes) ? encoder.encode(JSON.stringify(attributes)) : new Uint8Array(0);
  if (text.byteLength > ATTRIBUTES_BYTES_MAX) {
    throw new StoreError('TooLarge', `Attributes of an entry have at most ${ATTRIBUTES_BYTES_MAX} bytes`, {
      operation: 'put',
      key,
    });
  }
  const payload = new Uint8Array(OWN_BYTES + text.byteLength);
  const data = view(payload);
  payload[0] = 1;
  data.setBigUint64(1, BigInt(`0x${etag}`), true);
  data.setBigInt64(9, BigInt(lastModified.getTime()), true);
  payload.set(text, OWN_BYTES);
  return makeExtra(EXTRA.cistern, payload);
}
