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
