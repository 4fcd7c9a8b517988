/**
 * @module The CRC of joined pieces, from the CRCs and lengths of the pieces: no byte is read again.
 *
 * A CRC is a polynomial over GF(2) modulo P, and as many zero bytes behind a piece as the next one is long multiply it by
 * x^(8 * length). These CRCs begin with all ones and end inverted; both cancel out, so that the CRC of A and B
 * joined is crc(A) * x^(8 * |B|) + crc(B).
 *
 * Polynomials are bit-reflected, as the CRCs are: the highest bit is the coefficient of x^0. 64 bits are two words of
 * 32, and those of 32 bits leave the high word 0: numbers are many times faster than a BigInt.
 */

import { S3Error } from '../errors.ts';
import { checksumBytes, formatChecksum, parseChecksum } from './algorithm.ts';
import type { CombinableAlgorithm } from './checksum-type.ts';

type Polynomial = readonly [high: number, low: number];

interface Field {
  /** P without its highest term. */
  readonly modulus: Polynomial;
  /** 1 */
  readonly one: Polynomial;
  /** x^8: a zero byte. */
  readonly byte: Polynomial;
  readonly wide: boolean;
  /** `powers[j][d]` is x^(8 * d * 256^j), so that any length is a product of at most seven. */
  readonly powers: Polynomial[][];
}

const TOP = 0x8000_0000;

const narrow = (modulus: number): Field => ({
  modulus: [0, modulus],
  one: [0, TOP],
  byte: [0, TOP >>> 8],
  wide: false,
  powers: [],
});

const FIELDS: Readonly<Record<CombinableAlgorithm, Field>> = {
  CRC32: narrow(0xedb8_8320),
  CRC32C: narrow(0x82f6_3b78),
  CRC64NVME: {
    modulus: [0x9a6c_9329, 0xac4b_c9b5],
    one: [TOP, 0],
    byte: [TOP >>> 8, 0],
    wide: true,
    powers: [],
  },
};

/** The product modulo P, coefficient by coefficient of the first factor. */
function multiply(field: Field, a: Polynomial, b: Polynomial): Polynomial {
  const [modulusHigh, modulusLow] = field.modulus;
  let [high, low] = b;
  let productHigh = 0;
  let productLow = 0;
  for (let word = field.wide ? 0 : 1; word < 2; word++) {
    let bits = (word === 0 ? a[0] : a[1]) | 0;
    for (let bit = 0; bit < 32; bit++) {
      // All ones where the coefficient is 1: no branch that depends on the data.
      const set = bits >> 31;
      productHigh ^= high & set;
      productLow ^= low & set;
      bits <<= 1;
      const carry = -(low & 1);
      low = ((low >>> 1) | (high << 31)) ^ (modulusLow & carry);
      high = (high >>> 1) ^ (modulusHigh & carry);
    }
  }
  return [productHigh, productLow];
}

/** x^(8 * 256^j * digit) */
function power(field: Field, j: number, digit: number): Polynomial {
  for (let next = field.powers.length; next <= j; next++) {
    const below = field.powers[next - 1];
    // The 255th of the row below, and one more.
    const base =
      below === undefined ? field.byte : multiply(field, below[255] ?? field.one, below[1] ?? field.one);
    const row = [field.one];
    for (let d = 1; d < 256; d++) row.push(multiply(field, row[d - 1] ?? field.one, base));
    field.powers.push(row);
  }
  return field.powers[j]?.[digit] ?? field.one;
}

function shift(field: Field, crc: Polynomial, length: number): Polynomial {
  let shifted = crc;
  let rest = length;
  // By division: lengths have more than 32 bits.
  for (let j = 0; rest > 0; j++) {
    const digit = rest % 256;
    if (digit > 0) shifted = multiply(field, power(field, j, digit), shifted);
    rest = (rest - digit) / 256;
  }
  return shifted;
}

/**
 * @param parts in order: CRCs in Base64, lengths in bytes, exact up to 2^53
 * @returns Base64; that of no bytes when there are no parts
 * @throws S3Error InvalidRequest for a value that is no CRC of this algorithm
 */
export function combineChecksums(
  algorithm: CombinableAlgorithm,
  parts: Iterable<{ readonly value: string; readonly length: number }>,
): string {
  const field = FIELDS[algorithm];
  let [high, low]: Polynomial = [0, 0];
  for (const { value, length } of parts) {
    if (!Number.isSafeInteger(length) || length < 0) throw new S3Error('InternalError');
    const digest = parseChecksum(algorithm, value);
    const shifted = shift(field, [high, low], length);
    high = field.wide ? shifted[0] ^ digest.readUInt32BE(0) : 0;
    low = shifted[1] ^ digest.readUInt32BE(digest.length - 4);
  }
  const joined = Buffer.allocUnsafe(checksumBytes(algorithm));
  if (field.wide) joined.writeInt32BE(high, 0);
  joined.writeInt32BE(low, joined.length - 4);
  return formatChecksum(joined);
}
