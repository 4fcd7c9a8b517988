/** Progress in words: one line at a time, for logs and for the end. Pure. */

import { remaining } from './progress.ts';
import type { ProgressSnapshot } from './progress.ts';
import { formatBytes, formatDuration } from './sizes.ts';

/** `1.2 GiB of 4 GiB, 120 of 1000 objects, 30%, 48 MiB/s, 58 s left, 2 errors` */
export function progressLine(snapshot: ProgressSnapshot): string {
  const percent = percentOf(snapshot);
  return [
    ...amounts(snapshot),
    ...(percent === undefined ? [] : [`${percent}%`]),
    ...rates(snapshot),
    ...troubles(snapshot),
  ].join(', ');
}

/**
 * `Copied 997 objects, 4 GiB in 1 min 20 s (48 MiB/s), 3 skipped, 2 errors`
 *
 * @param verb what was done with the objects: `Copied`
 */
export function summaryLine(verb: string, snapshot: ProgressSnapshot): string {
  const { objects, bytes, resumedBytes, elapsedMs } = snapshot;
  const moved = bytes.done - resumedBytes;
  const size = bytes.done > 0 ? `, ${formatBytes(bytes.done)}` : '';
  const rate = moved > 0 && elapsedMs >= 1000 ? ` (${formatBytes(moved / (elapsedMs / 1000))}/s)` : '';
  const resumed = resumedBytes > 0 ? [`${formatBytes(resumedBytes)} of it in an earlier run`] : [];
  const done = `${verb} ${countOf(objects.done, 'object')}${size} in ${formatDuration(elapsedMs / 1000)}${rate}`;
  return [done, ...resumed, ...skipped(snapshot), ...troubles(snapshot)].join(', ');
}

/** How much of the whole: bytes, and objects where there are several. */
export function amounts({ objects, bytes, isFinal }: ProgressSnapshot): string[] {
  const more = isFinal ? '' : '+';
  const texts: string[] = [];
  // One whose length only its end will tell has no total.
  const isOpen = !isFinal && bytes.total === bytes.done;
  if (isOpen && bytes.done > 0) texts.push(formatBytes(bytes.done));
  else if (bytes.total > 0) {
    const settled = bytes.done + bytes.skipped + bytes.failed;
    texts.push(`${formatBytes(settled)} of ${formatBytes(bytes.total).replace(' ', `${more} `)}`);
  }
  if (objects.total > 1 || texts.length === 0) {
    const settled = objects.done + objects.skipped + objects.failed;
    texts.push(`${settled} of ${countOf(objects.total, 'object', more)}`);
  }
  return texts;
}

export function rates({ bytes, bytesPerSecond, objectsPerSecond, secondsLeft }: ProgressSnapshot): string[] {
  const texts: string[] = [];
  if (bytes.total > 0 && bytesPerSecond !== undefined) texts.push(`${formatBytes(bytesPerSecond)}/s`);
  if (bytes.total === 0 && objectsPerSecond !== undefined) {
    texts.push(`${Number(objectsPerSecond.toPrecision(3))} objects/s`);
  }
  if (secondsLeft !== undefined && secondsLeft > 0) texts.push(`${formatDuration(secondsLeft)} left`);
  return texts;
}

export function skipped({ objects }: ProgressSnapshot): string[] {
  return objects.skipped === 0 ? [] : [`${objects.skipped} skipped`];
}

export function troubles({ objects }: ProgressSnapshot): string[] {
  return objects.failed === 0 ? [] : [countOf(objects.failed, 'error')];
}

/** Whole; 100 when every object is settled, and not before. @returns undefined while the total is not known */
export function percentOf({ objects, bytes, isFinal }: ProgressSnapshot): number | undefined {
  const { total, done, skipped: same, failed } = bytes.total > 0 ? bytes : objects;
  if (!isFinal || total === 0) return undefined;
  const most = remaining(objects) === 0 ? 100 : 99;
  return Math.min(most, Math.floor(((done + same + failed) / total) * 100));
}

function countOf(count: number, noun: string, more = ''): string {
  return `${count}${more} ${noun}${count === 1 && more === '' ? '' : 's'}`;
}
