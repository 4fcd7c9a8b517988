/**
 * @module Spoils an input: a few small changes in a row, of its bytes, its numbers, its lines and its words, so that what
 * comes out is still like something valid in most places. It knows no format; a target's tokens tell it the words of one.
 */

import type { Random } from './random.ts';

export interface Material {
  /** words of the format */
  readonly tokens: readonly Buffer[];
  /** other inputs, to take pieces from; not empty */
  readonly others: readonly Buffer[];
  readonly bytesMax: number;
}

type Change = (input: Buffer, random: Random, material: Material) => Buffer;

const NUMBERS = [
  '0', '1', '-1', '00', '2147483648', '4294967295', '9007199254740993', '18446744073709551616', '1e3', '0x10', '+1', '٣',
]; // prettier-ignore
const BYTES: readonly number[] = [
  ...Buffer.from('\0\t\n\r "%&\'+,-./:;<=>?@[\\]_{}~\x7f\x80\xa0\xc0\xed\xff', 'latin1'),
];
const NUMBER = /\d+/;
/** Of larger inputs text is not looked for. */
const TEXT_BYTES_MAX = 16 * 1024;

const CHANGES: readonly Change[] = [
  flipBit,
  flipBit,
  replaceByte,
  replaceByte,
  insertToken,
  insertToken,
  insertToken,
  replaceByToken,
  cutPiece,
  cutPiece,
  copyPiece,
  swapPieces,
  splice,
  changeNumber,
  changeNumber,
  changeLines,
  truncate,
  writeInteger,
];

/** One to some changes; now and then one that makes it large. */
export function mutate(input: Buffer, random: Random, material: Material): Buffer {
  let result = input;
  const changes = 1 + (random.oneIn(3) ? random.below(8) : random.below(2));
  for (let count = 0; count < changes; count++) result = random.pick(CHANGES)(result, random, material);
  if (random.oneIn(200)) result = repeatPiece(result, random, material);
  return result.length > material.bytesMax ? result.subarray(0, material.bytesMax) : result;
}

function put(input: Buffer, start: number, end: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, start), bytes, input.subarray(end)]);
}

/** Pieces are short most of the time. */
function piece(input: Buffer, random: Random): [start: number, end: number] {
  const start = random.below(input.length + 1);
  const most = random.oneIn(4) ? input.length : 16;
  return [start, Math.min(input.length, start + random.below(most + 1))];
}

function flipBit(input: Buffer, random: Random): Buffer {
  const copy = Buffer.from(input);
  const at = random.below(copy.length);
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

function replaceByte(input: Buffer, random: Random): Buffer {
  const copy = Buffer.from(input);
  if (copy.length > 0)
    copy[random.below(copy.length)] = random.oneIn(2) ? random.pick(BYTES) : random.below(256);
  return copy;
}

function insertToken(input: Buffer, random: Random, { tokens }: Material): Buffer {
  const at = random.below(input.length + 1);
  const token = tokens.length > 0 && !random.oneIn(4) ? random.pick(tokens) : Buffer.of(random.pick(BYTES));
  return put(input, at, at, token);
}

function replaceByToken(input: Buffer, random: Random, { tokens }: Material): Buffer {
  const [start, end] = piece(input, random);
  return tokens.length === 0 ? input : put(input, start, end, random.pick(tokens));
}

function cutPiece(input: Buffer, random: Random): Buffer {
  const [start, end] = piece(input, random);
  return put(input, start, end, Buffer.alloc(0));
}

function copyPiece(input: Buffer, random: Random): Buffer {
  const [start, end] = piece(input, random);
  const at = random.below(input.length + 1);
  return put(input, at, at, input.subarray(start, end));
}

function swapPieces(input: Buffer, random: Random): Buffer {
  const [start, end] = piece(input, random);
  const [from, to] = piece(input.subarray(end), random);
  return Buffer.concat([
    input.subarray(0, start),
    input.subarray(end + from, end + to),
    input.subarray(end, end + from),
    input.subarray(start, end),
    input.subarray(end + to),
  ]);
}

function splice(input: Buffer, random: Random, { others }: Material): Buffer {
  const other = random.pick(others);
  const at = random.below(input.length + 1);
  const [start, end] = piece(other, random);
  return random.oneIn(2)
    ? put(input, at, at, other.subarray(start, end))
    : Buffer.concat([input.subarray(0, at), other.subarray(random.below(other.length + 1))]);
}

function changeNumber(input: Buffer, random: Random): Buffer {
  const from = random.below(input.length);
  const found = NUMBER.exec(input.toString('latin1', from, from + TEXT_BYTES_MAX));
  if (found === null) return input;
  const { 0: digits, index } = found;
  const near = Number(digits) + random.pick([-1, 1, -2, 2, 10]);
  const number = random.oneIn(2) ? random.pick(NUMBERS) : String(Math.abs(near));
  return put(input, from + index, from + index + digits.length, Buffer.from(number));
}

/** Leaves one out, doubles it, or puts it elsewhere: headers, parts, chunks. */
function changeLines(input: Buffer, random: Random, { others }: Material): Buffer {
  if (input.length > TEXT_BYTES_MAX) return input;
  const lines = input.toString('latin1').split('\n');
  const at = random.below(lines.length);
  const line = lines[at] ?? '';
  const foreign = random.pick(random.pick(others).toString('latin1', 0, TEXT_BYTES_MAX).split('\n'));
  const way = random.below(4);
  if (way === 0) lines.splice(at, 1);
  else if (way === 1) lines.splice(random.below(lines.length + 1), 0, line);
  else if (way === 2) lines.splice(at, 0, foreign);
  else lines.splice(random.below(lines.length), 0, ...lines.splice(at, 1));
  return Buffer.from(lines.join('\n'), 'latin1');
}

function truncate(input: Buffer, random: Random): Buffer {
  return input.subarray(0, random.below(input.length + 1));
}

/** As formats of bytes have lengths and offsets: two to eight bytes, either end first. */
function writeInteger(input: Buffer, random: Random): Buffer {
  const size = random.pick([2, 4, 8]);
  if (input.length < size) return input;
  const copy = Buffer.from(input);
  const at = random.below(copy.length - size + 1);
  const value = random.pick([0n, 1n, 0xffffn, 0x7fffffffn, 0xffffffffn, 2n ** 63n, BigInt(random.next())]);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  copy.set(random.oneIn(4) ? bytes.subarray(0, size).reverse() : bytes.subarray(0, size), at);
  return copy;
}

/** What takes the square of its length shows here. */
function repeatPiece(input: Buffer, random: Random, { bytesMax, tokens }: Material): Buffer {
  const [start, end] = piece(input, random);
  const some =
    start === end ? random.pick(tokens.length > 0 ? tokens : [Buffer.from(' ')]) : input.subarray(start, end);
  const room = bytesMax - input.length;
  const times = Math.floor(random.below(room + 1) / Math.max(1, some.length));
  return put(input, start, start, Buffer.alloc(times * some.length, some));
}
