/** @module What the samples of a soak have to be: none of what the server takes may grow without end. */

import { chart, median, robustSlopePerHour, slopePerHour } from './figures.ts';
import type { Point } from './figures.ts';
import type { Sample } from './samples.ts';

/** MB an hour. */
const RSS_SLOPE_MAX = 1;
/** A slope over less is noise. Seconds after the warm-up. */
export const JUDGED_SECONDS_MIN = 3600;
const WINDOW_SECONDS = 300;
/** MB. It starts over at 48 MiB, or at 96 when the disk is too slow to have moved most of it by then. */
const LOG_MAX = 110;
/** Connections that come and go, and files that are open at the moment of a sample. */
const DESCRIPTORS_MORE_MAX = 8;
const THREADS_MORE_MAX = 2;
const COLUMNS = 60;

export interface Verdict {
  /** Figures and charts. */
  readonly lines: readonly string[];
  readonly violations: readonly string[];
  /** Whether it was long enough for the slope to say something. */
  readonly judged: boolean;
}

/** @param warmUp seconds */
export function judge(all: readonly Sample[], warmUp: number): Verdict {
  const samples = all.filter(({ seconds }) => seconds >= warmUp);
  const judged = (all.at(-1)?.seconds ?? 0) - warmUp >= JUDGED_SECONDS_MIN;
  const rss = series(samples, 'rss');
  const slope = slopePerHour(rss);
  const robust = robustSlopePerHour(rss, WINDOW_SECONDS);
  const lines = [
    `RSS after ${warmUp / 60} min${judged ? '' : ' (too short to say something)'}: ${slope.toFixed(2)} MB/h by least ` +
      `squares, ${robust.toFixed(2)} MB/h by medians of ${WINDOW_SECONDS / 60} min; ` +
      `anonymous ${slopePerHour(series(samples, 'anon')).toFixed(2)} MB/h`,
    ...(['rss', 'anon', 'descriptors', 'threads', 'log', 'database', 'blobs'] as const).map(
      (name) => `${name.padEnd(12)} ${chart(series(all, name), COLUMNS)}`,
    ),
  ];
  const violations = [
    // One of them alone is moved by where peaks happen to be.
    judged && slope >= RSS_SLOPE_MAX && robust >= RSS_SLOPE_MAX && 'resident memory grows',
    Math.max(...all.map(({ log }) => log)) > LOG_MAX && `the log has grown beyond ${LOG_MAX} MB`,
    grown(samples, 'descriptors') > DESCRIPTORS_MORE_MAX && 'descriptors grow',
    grown(samples, 'threads') > THREADS_MORE_MAX && 'threads grow',
  ];
  return { lines, violations: violations.filter((one) => one !== false), judged };
}

/** How much more the last tenth has than the first one. */
function grown(samples: readonly Sample[], name: keyof Sample): number {
  const tenth = Math.ceil(samples.length / 10);
  const values = samples.map((sample) => sample[name]);
  return median(values.slice(-tenth)) - median(values.slice(0, tenth));
}

function series(samples: readonly Sample[], name: keyof Sample): Point[] {
  return samples.map((sample) => [sample.seconds, sample[name]]);
}
