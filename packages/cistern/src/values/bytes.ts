/** Sizes as a user writes them: a whole number and its unit. */

import { OptionError } from './option-error.ts';

const UNIT_BYTES: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const SIZE = /^(\d{1,7})([KMG]iB)$/;

/** @returns bytes @throws OptionError */
export function parseBytes(option: string, text: string): number {
  const [, count = '', unit = ''] = SIZE.exec(text) ?? [];
  const unitBytes = UNIT_BYTES[unit];
  if (unitBytes !== undefined) return Number(count) * unitBytes;
  throw new OptionError(
    option,
    `must be a whole number and a unit (KiB, MiB or GiB), such as 8MiB, not ${JSON.stringify(text)}.`,
  );
}

/** Powers of 1024 with an `i` or a letter alone, as most tools take them; of 1000 with a `B` alone. */
const ANY_SIZE = /^(\d{1,15}(?:\.\d{1,6})?) ?(?:([KMGTP])(i?B)?|B)?$/i;

/** Sizes on a command line: bytes, or any unit, with a fraction: `4096`, `10MiB`, `1.5G`, `500MB`. @returns bytes, whole @throws OptionError */
export function parseSize(option: string, text: string): number {
  const [whole, count = '', letter = '', kind = ''] = ANY_SIZE.exec(text) ?? [];
  const power = letter === '' ? 0 : 'KMGTP'.indexOf(letter.toUpperCase()) + 1;
  const bytes = Number(count) * (kind.toUpperCase() === 'B' ? 1000 : 1024) ** power;
  if (whole !== undefined && Number.isSafeInteger(Math.round(bytes))) return Math.round(bytes);
  throw new OptionError(option, `must be a size such as 4096, 10MiB or 1.5GB, not ${JSON.stringify(text)}.`);
}
