/** Lengths of time as a user writes them: a whole number and its unit. */

import { OptionError } from './option-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,7})([smhd])$/;

/** @returns milliseconds @throws OptionError */
export function parseDuration(option: string, text: string): number {
  const [, count = '', unit = ''] = DURATION.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs !== undefined) return Number(count) * unitMs;
  throw new OptionError(
    option,
    `must be a whole number and a unit (s, m, h or d), such as 12h or 7d, not ${JSON.stringify(text)}.`,
  );
}
