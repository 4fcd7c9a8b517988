/** @module Dates of HTTP headers and of S3's XML. HTTP dates have whole seconds. */

const MINUTE_MS = 60_000;
let httpMinute = Number.NaN;
/** `Wed, 21 Oct 2015 07:28:` */
let httpMinuteText = '';

/** `Wed, 21 Oct 2015 07:28:00 GMT`. The minute that the last one was in is kept, as below. */
export function formatHttpDate(timeMs: number): string {
  const current = Math.floor(timeMs / MINUTE_MS);
  if (current !== httpMinute) {
    httpMinuteText = new Date(current * MINUTE_MS).toUTCString().slice(0, -'00 GMT'.length);
    httpMinute = current;
  }
  const seconds = Math.floor((timeMs - current * MINUTE_MS) / 1000);
  return `${httpMinuteText}${seconds < 10 ? '0' : ''}${seconds} GMT`;
}

let minute = Number.NaN;
/** `2015-10-21T07:28:` */
let minuteText = '';

const digits = (count: number, width: number): string[] =>
  Array.from({ length: count }, (_, i) => String(i).padStart(width, '0'));
const SECONDS = digits(60, 2).map((text) => `${text}.`);
const MILLISECONDS = digits(1000, 3).map((text) => `${text}Z`);

/**
 * `2015-10-21T07:28:00.000Z`, as S3's XML has it. Objects that lie beside each other were mostly written within the same
 * minute: a listing has a thousand dates, and a `Date` for each took half of its XML's time.
 *
 * @throws RangeError when it is no time
 */
export function formatIsoDate(timeMs: number): string {
  const current = Math.floor(timeMs / MINUTE_MS);
  if (current !== minute) {
    minuteText = new Date(current * MINUTE_MS).toISOString().slice(0, -'00.000Z'.length);
    minute = current;
  }
  const rest = Math.floor(timeMs - current * MINUTE_MS);
  const second = Math.floor(rest / 1000);
  return `${minuteText}${SECONDS[second]}${MILLISECONDS[rest - second * 1000]}`;
}

const DAY = '(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?';
const ZONE = '(?:gmt|utc|z|[+-]0000)';
/** IMF-fixdate, RFC 850 and, without a zone, asctime: the three that HTTP knows; and ISO 8601, which S3 clients send too. */
const FORMS = [
  new RegExp(`^${DAY}, \\d{1,2} [a-z]{3} \\d{4} \\d\\d:\\d\\d:\\d\\d ${ZONE}$`, 'i'),
  new RegExp(`^${DAY}, \\d{1,2}-[a-z]{3}-\\d\\d \\d\\d:\\d\\d:\\d\\d ${ZONE}$`, 'i'),
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/,
];
const ASCTIME = new RegExp(`^${DAY} [a-z]{3} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d \\d{4}$`, 'i');

/**
 * Milliseconds at a whole second, whatever the server's time zone; undefined for what is no date: such conditions are
 * ignored (RFC 9110, 13.1).
 */
export function parseHttpDate(text: string): number | undefined {
  const trimmed = text.trim();
  const known = FORMS.some((form) => form.test(trimmed));
  if (!known && !ASCTIME.test(trimmed)) return undefined;
  const timeMs = Date.parse(known ? trimmed : `${trimmed} GMT`);
  return Number.isNaN(timeMs) ? undefined : Math.floor(timeMs / 1000) * 1000;
}
