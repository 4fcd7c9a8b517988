/**
 * @module Sizes, rates and times as text, and sizes from text.
 *
 * Throughput is decimal (MB = 10^6 bytes), as the aims are; object sizes are binary (KiB, MiB, GiB).
 */

const BINARY_UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['b', 1],
  ['k', 2 ** 10],
  ['kib', 2 ** 10],
  ['m', 2 ** 20],
  ['mib', 2 ** 20],
  ['g', 2 ** 30],
  ['gib', 2 ** 30],
]);

/** Parses `4096`, `4KiB`, `64MiB`, `1GiB`, `64k`; bytes. Throws RangeError on anything else. */
export function parseSize(text: string): number {
  const match = /^(\d+)\s*([a-z]*)$/i.exec(text.trim());
  const unit = match?.[2] === undefined ? undefined : BINARY_UNITS.get(match[2].toLowerCase());
  if (match?.[1] === undefined || unit === undefined)
    throw new RangeError(`not a size: ${text} (try 4KiB, 64MiB)`);
  return Number(match[1]) * unit;
}

/** `4 KiB`, `1 GiB`, `100 B`. */
export function formatSize(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const) {
    if (bytes >= size) return `${trimmed(bytes / size)} ${unit}`;
  }
  return `${bytes} B`;
}

/** A whole number with thousands separated: `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** Milliseconds with about three significant digits. */
export function formatMilliseconds(ms: number): string {
  return ms >= 100 ? ms.toFixed(0) : ms >= 10 ? ms.toFixed(1) : ms.toFixed(2);
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '');
}
