/** @module What a series of samples says: whether it grows, by two estimates, and how it looks in a line of text. */

/** A value at a time, in seconds. */
export type Point = readonly [seconds: number, value: number];

/** The slope of the least-squares line, per hour. */
export function slopePerHour(points: readonly Point[]): number {
  const meanX = mean(points.map(([x]) => x));
  const meanY = mean(points.map(([, y]) => y));
  let xy = 0;
  let xx = 0;
  for (const [x, y] of points) {
    xy += (x - meanX) * (y - meanY);
    xx += (x - meanX) ** 2;
  }
  return xx === 0 ? 0 : (xy / xx) * 3600;
}

/**
 * The median of the slopes between the medians of windows, per hour: a peak here and there does not move it.
 *
 * @param window seconds
 */
export function robustSlopePerHour(points: readonly Point[], window: number): number {
  const windows = new Map<number, Point[]>();
  for (const point of points) {
    const index = Math.floor(point[0] / window);
    windows.set(index, [...(windows.get(index) ?? []), point]);
  }
  const medians = [...windows].map(([index, inside]): Point => [
    index * window,
    median(inside.map(([, y]) => y)),
  ]);
  const slopes = medians.flatMap(([x, y], i) =>
    medians.slice(i + 1).map(([laterX, laterY]) => ((laterY - y) / (laterX - x)) * 3600),
  );
  return slopes.length === 0 ? 0 : median(slopes);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const LEVELS = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/** The median of each of so many equal stretches of time, as a bar between the least and the most of them. */
export function chart(points: readonly Point[], columns: number): string {
  const end = (points.at(-1)?.[0] ?? 0) + 1e-9;
  const stretches = Array.from({ length: columns }, (): number[] => []);
  for (const [x, y] of points) stretches[Math.floor((x / end) * columns)]?.push(y);
  const values = stretches.filter(({ length }) => length > 0).map(median);
  const least = Math.min(...values);
  const most = Math.max(...values);
  const level = (value: number): number =>
    most === least ? 0 : Math.round(((value - least) / (most - least)) * (LEVELS.length - 1));
  return `${values.map((value) => LEVELS[level(value)]).join('')} ${least.toFixed(1)} to ${most.toFixed(1)}`;
}
