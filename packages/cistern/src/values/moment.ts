/** Points in time as a user writes them: a length of time before now, or a date. */

import { OptionError } from './option-error.ts';
import { parseDuration } from './duration.ts';

const DURATION = /^\d+[smhd]$/;
const DATE = /^\d{4}-\d\d-\d\d$/;
const DATE_AND_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)?$/;

/** @param now milliseconds, as all such times @returns milliseconds since 1970 @throws OptionError */
export function parseMoment(option: string, text: string, now: number): number {
  if (DURATION.test(text)) return now - parseDuration(option, text);
  // A date alone, and a time without a zone, is meant where the user is.
  const iso = DATE.test(text) ? `${text}T00:00` : DATE_AND_TIME.test(text) ? text.replace(' ', 'T') : '';
  const time = Date.parse(iso);
  if (!Number.isNaN(time)) return time;
  throw new OptionError(
    option,
    `must be an age such as 12h or 7d, or a date such as 2026-11-21 or 2026-11-21T08:00Z, not ${JSON.stringify(text)}.`,
  );
}
