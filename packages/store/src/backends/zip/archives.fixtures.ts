/** Archives made by hand, with whatever lies a test wants in them. */

import { crc32, deflateRawSync } from 'node:zlib';
import { LENGTH, SIGNATURE, view } from './format.ts';

export interface MadeEntry {
  readonly name: string | Uint8Array;
  readonly bytes: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  /** what the directory says, where that is not so */
  readonly crc?: number;
  readonly size?: number;
  readonly packedSize?: number;
  readonly offset?: number;
  /** another name in the local header */
  readonly localName?: string;
  readonly extra?: Uint8Array;
}

export interface MadeEnd {
  readonly count?: number;
  readonly bytes?: number;
  readonly offset?: number;
  readonly comment?: Uint8Array;
  readonly disk?: number;
}

export function makeZip(entries: readonly MadeEntry[], end: MadeEnd = {}): Uint8Array {
  const parts: Uint8Array[] = [];
  const records: Uint8Array[] = [];
  let position = 0;
  for (const entry of entries) {
    const { bytes, method = 8, flags = 0, extra = new Uint8Array(0) } = entry;
    const packed = method === 8 ? deflateRawSync(bytes) : bytes;
    const name = typeof entry.name === 'string' ? Buffer.from(entry.name) : entry.name;
    const localName = entry.localName === undefined ? name : Buffer.from(entry.localName);
    const said = { crc: crc32(bytes), size: bytes.byteLength, packedSize: packed.byteLength, ...entry };
    const common = (data: DataView, at: number): void => {
      data.setUint16(at, 20, true);
      data.setUint16(at + 2, flags, true);
      data.setUint16(at + 4, method, true);
      data.setUint16(at + 8, 0x21, true);
      data.setUint32(at + 10, said.crc, true);
      data.setUint32(at + 14, said.packedSize, true);
      data.setUint32(at + 18, said.size, true);
    };
    const local = new Uint8Array(LENGTH.local);
    view(local).setUint32(0, SIGNATURE.local, true);
    common(view(local), 4);
    view(local).setUint16(26, localName.byteLength, true);
    parts.push(local, localName, packed);
    const record = new Uint8Array(LENGTH.central);
    const data = view(record);
    data.setUint32(0, SIGNATURE.central, true);
    common(data, 6);
    data.setUint16(28, name.byteLength, true);
    data.setUint16(30, extra.byteLength, true);
    data.setUint32(42, said.offset ?? position, true);
    records.push(record, name, extra);
    position += LENGTH.local + localName.byteLength + packed.byteLength;
  }
  const directory = Buffer.concat(records);
  const last = new Uint8Array(LENGTH.end);
  const data = view(last);
  const comment = end.comment ?? new Uint8Array(0);
  data.setUint32(0, SIGNATURE.end, true);
  data.setUint16(4, end.disk ?? 0, true);
  data.setUint16(8, end.count ?? entries.length, true);
  data.setUint16(10, end.count ?? entries.length, true);
  data.setUint32(12, end.bytes ?? directory.byteLength, true);
  data.setUint32(16, end.offset ?? position, true);
  data.setUint16(20, comment.byteLength, true);
  return Buffer.concat([...parts, directory, last, comment]);
}
