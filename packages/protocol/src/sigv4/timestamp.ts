/**
 * @module The time formats that a signed request may carry.
 *
 * Not the dates of conditional requests. Times are milliseconds since the epoch, always at whole seconds.
 */

const ISO_BASIC = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** The last date that was written: requests that are signed in one second carry the same text. */
let formattedSecond = Number.NaN;
let formattedText = '';

/** `YYYYMMDDTHHMMSSZ` in UTC. */
export function formatAmzDate(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== formattedSecond) {
    formattedText = `${new Date(timeMs).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
    formattedSecond = second;
  }
  return formattedText;
}

/** The last date that was read: requests of the same second carry the same text. */
let lastText = '';
let lastTimeMs = 0;

/** Milliseconds for `YYYYMMDDTHHMMSSZ`; undefined for anything else, dates that do not exist included. */
export function parseAmzDate(text: string): number | undefined {
  if (text === lastText) return lastTimeMs;
  const match = ISO_BASIC.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second] = match;
  const timeMs = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  // Date.UTC rolls over: the 31st of February must not become the 3rd of March.
  if (formatAmzDate(timeMs) !== text) return undefined;
  lastText = text;
  lastTimeMs = timeMs;
  return timeMs;
}

/** Milliseconds for the value of a `Date` header: an HTTP date (RFC 9110) or the ISO basic form. */
export function parseDateHeader(text: string): number | undefined {
  const iso = parseAmzDate(text);
  if (iso !== undefined) return iso;
  if (!/^[A-Z][a-z]{2,8},? .* (?:GMT|UTC|[+-]0000)$/.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : Math.floor(timeMs / 1000) * 1000;
}
