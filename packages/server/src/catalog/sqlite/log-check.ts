/**
 * Whether the write-ahead log that a crash has left is damaged. SQLite reads it up to the first frame whose checksum is
 * wrong, and takes what follows for what a crash has left unfinished: one changed bit, and every later commit is gone
 * without a word. But each of our commits is synced before the next one begins, so a crash leaves one transaction
 * unfinished at most: a frame that is wrong, a commit behind it and frames behind that were acknowledged once.
 * The format: https://sqlite.org/fileformat2.html#the_write_ahead_log. It changes nothing.
 */

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';

const HEADER = 32;
const FRAME_HEADER = 24;
const MAGIC = 0x377f0682;

/** @throws Error that says what to do, when commits behind the damage would be lost */
export function checkLog(path: string): void {
  if (!existsSync(path)) return;
  const file = openSync(path, 'r');
  try {
    const damage = findDamage(file, fstatSync(file).size);
    if (damage === undefined) return;
    throw new Error(
      `${path} is damaged: ${damage}, and commits behind it would be lost. Nothing was changed. ` +
        'Restore the data directory from a copy. To go on without those commits, move the file away: what it has is lost then.',
    );
  } finally {
    closeSync(file);
  }
}

function findDamage(file: number, size: number): string | undefined {
  const header = Buffer.alloc(HEADER);
  if (readSync(file, header, 0, HEADER, 0) < HEADER) return undefined;
  const magic = header.readUInt32BE(0);
  const pageSize = header.readUInt32BE(8);
  const known = (magic & ~1) === MAGIC && pageSize >= 512 && pageSize <= 65_536;
  const bigEndian = (magic & 1) === 1;
  const start: Sum = { a: 0, b: 0 };
  addTo(start, header.subarray(0, HEADER - 8), bigEndian);
  const whole = known && start.a === header.readUInt32BE(24) && start.b === header.readUInt32BE(28);
  if (!whole) {
    // A crash leaves a header that is half written only where nothing follows it yet.
    return size > 2 * (HEADER + FRAME_HEADER + PAGE) && hasSalts(file, header, size)
      ? 'its header is wrong'
      : undefined;
  }
  return damagedFrame(file, { size, pageSize, bigEndian, salts: header.subarray(16, 24), sum: start });
}

/** Ours, of which the header cannot tell. Bytes. */
const PAGE = 4096;

/** Whether frames follow that are of one log: those have the same salts. */
function hasSalts(file: number, header: Buffer, size: number): boolean {
  const frame = Buffer.alloc(FRAME_HEADER);
  const salts = new Set<string>();
  let commits = 0;
  for (let at = HEADER; at + FRAME_HEADER + PAGE <= size && salts.size < 2; at += FRAME_HEADER + PAGE) {
    readSync(file, frame, 0, FRAME_HEADER, at);
    salts.add(frame.toString('hex', 8, 16));
    if (frame.readUInt32BE(4) !== 0) commits++;
  }
  // Another header than that of the frames is one of a log that starts over.
  const own = header.toString('hex', 16, 24);
  return commits >= 2 && (salts.has(own) || salts.size === 1);
}

interface Sum {
  a: number;
  b: number;
}

interface Log {
  readonly size: number;
  readonly pageSize: number;
  readonly bigEndian: boolean;
  readonly salts: Buffer;
  readonly sum: Sum;
}

/**
 * Each frame's checksum goes on from that of the one before: a frame that does so from a commit was written after it. What
 * older crashes have left behind the end does not.
 */
function damagedFrame(file: number, { size, pageSize, bigEndian, salts, sum }: Log): string | undefined {
  const frame = Buffer.alloc(FRAME_HEADER + pageSize);
  let wrong: number | undefined;
  /** Whether the frame before is a commit, and the checksums that the next may go on from. */
  let before: { commit: boolean; sums: readonly Sum[] } = { commit: false, sums: [sum] };
  let number = 0;
  for (let at = HEADER; at + frame.length <= size; at += frame.length, number++) {
    readSync(file, frame, 0, frame.length, at);
    const stored = { a: frame.readUInt32BE(16), b: frame.readUInt32BE(20) };
    const sums = before.sums.map((from) => sumOfFrame(from, frame, bigEndian));
    const ours = frame.subarray(8, 16).equals(salts);
    const follows = ours && sums.some(({ a, b }) => a === stored.a && b === stored.b);
    if (wrong !== undefined && before.commit && follows) return `frame ${wrong + 1} is wrong`;
    const commit = frame.readUInt32BE(4) !== 0;
    if (wrong === undefined && !follows) {
      wrong = number;
      // The checksum itself may be what was changed.
      before = { commit, sums: [stored, ...sums] };
    } else before = { commit: commit && ours, sums: [stored] };
  }
  return undefined;
}

function sumOfFrame(from: Sum, frame: Buffer, bigEndian: boolean): Sum {
  const sum = { ...from };
  addTo(sum, frame.subarray(0, 8), bigEndian);
  addTo(sum, frame.subarray(FRAME_HEADER), bigEndian);
  return sum;
}

/** SQLite's checksum, of a multiple of 8 bytes, in words of the order that the log says. */
function addTo(sum: Sum, bytes: Buffer, bigEndian: boolean): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let { a, b } = sum;
  for (let at = 0; at < bytes.byteLength; at += 8) {
    a = (a + view.getUint32(at, !bigEndian) + b) >>> 0;
    b = (b + view.getUint32(at + 4, !bigEndian) + a) >>> 0;
  }
  sum.a = a;
  sum.b = b;
}
