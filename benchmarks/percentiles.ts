/**
 * @module Percentiles of measured times, by the nearest-rank method.
 */

export interface LatencySummary {
  p50_ms: number;
  p99_ms: number;
}

/** `samples` are milliseconds, in any order; zeros when there are none. */
export function summarizeLatency(samples: Float64Array | number[]): LatencySummary {
  const sorted = Float64Array.from(samples).sort();
  return { p50_ms: percentile(sorted, 50), p99_ms: percentile(sorted, 99) };
}

function percentile(sorted: Float64Array, percent: number): number {
  const rank = Math.ceil((percent / 100) * sorted.length);
  return sorted[Math.max(0, rank - 1)] ?? 0;
}
