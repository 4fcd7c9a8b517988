/**
 * The records of a zip archive as bytes (APPNOTE.TXT 6.3.10 of PKWARE): numbers, where fields stand, and the time of MS-DOS.
 * All numbers are little endian.
 */

export const SIGNATURE = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

/** Bytes of each record before what varies. */
export const LENGTH = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const;

export const METHOD = { stored: 0, deflated: 8 } as const;

export const FLAG = { encrypted: 1, descriptor: 8, strong: 0x40, utf8: 0x800, masked: 0x2000 } as const;

export const EXTRA = {
  zip64: 0x0001,
  /** of Info-ZIP: seconds since 1970 */
  time: 0x5455,
  /** of Info-ZIP: the name in UTF-8 */
  unicodePath: 0x7075,
  /** ours: version (1 byte, 1), etag (8 bytes), milliseconds since 1970 (8 bytes), attributes (JSON in UTF-8, or nothing) */
  cistern: 0x7343,
} as const;

/** In their place stands the number in the extra field of ZIP64. */
export const MAX32 = 0xffff_ffff;
export const MAX16 = 0xffff;

export function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A number of 8 bytes; one that JavaScript cannot hold is larger than any archive, and stays so. */
export function readBig(data: DataView, at: number): number {
  return Number(data.getBigUint64(at, true));
}

/** @returns the data of the first extra field of this kind */
export function findExtra(extra: Uint8Array, kind: number): Uint8Array | undefined {
  const data = view(extra);
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const length = data.getUint16(at + 2, true);
    if (data.getUint16(at, true) === kind) {
      // One that claims more than there is belongs to nobody.
      return at + 4 + length > extra.byteLength ? undefined : extra.subarray(at + 4, at + 4 + length);
    }
    at += 4 + length;
  }
  return undefined;
}

export function makeExtra(kind: number, payload: Uint8Array): Uint8Array {
  const field = new Uint8Array(4 + payload.byteLength);
  const data = view(field);
  data.setUint16(0, kind, true);
  data.setUint16(2, payload.byteLength, true);
  field.set(payload, 4);
  return field;
}

/** The time of MS-DOS has no zone: by custom it is the local one. Steps of two seconds, from 1980 to 2107. */
export function fromDosTime(time: number, date: number): Date {
  return new Date(
    1980 + (date >>> 9),
    ((date >>> 5) & 15) - 1,
    date & 31,
    time >>> 11,
    (time >>> 5) & 63,
    (time & 31) * 2,
  );
}

export function toDosTime(when: Date): { readonly time: number; readonly date: number } {
  const year = Math.min(127, Math.max(0, when.getFullYear() - 1980));
  return {
    time: (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >>> 1),
    date: (year << 9) | ((when.getMonth() + 1) << 5) | when.getDate(),
  };
}
