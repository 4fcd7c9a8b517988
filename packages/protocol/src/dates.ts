/** @module Dates of HTTP headers and of S3's XML. HTTP dates have whole seconds. */

/** `Wed, 21 Oct 2015 07:28:00 GMT` */
export function formatHttpDate(timeMs: number): string {
  return new Date(timeMs).toUTCString();
}

/** `2015-10-21T07:28:00.000Z`, as S3's XML has it. */
export function formatIsoDate(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

/** Milliseconds at a whole second; undefined for what is no date: such conditions are ignored (RFC 9110, 13.1). */
export function parseHttpDate(text: string): number | undefined {
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : timeMs - (timeMs % 1000);
}
