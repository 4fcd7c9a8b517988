/**
 * @module Which ways through the product's functions an input took: V8's own counts of blocks, read in the process itself.
 * Costs milliseconds for each reading, so it is on only while inputs are looked for that go new ways.
 */

import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

/** Functions with many branches have ever new combinations of them: so many are of interest. */
const WAYS_MAX = 48;

export class Coverage {
  readonly #session = new Session();
  readonly #ways = new Map<string, Set<string>>();

  start(): void {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  stop(): void {
    this.#session.post('Profiler.stopPreciseCoverage');
    this.#session.disconnect();
  }

  /** Whether anything went, since the last look, a way that nothing has gone before. */
  isNew(): boolean {
    let found = false;
    for (const { url, functions } of this.#take()) {
      if (!url.includes('/packages/')) continue;
      for (const { ranges } of functions) found = this.#isNewWay(url, ranges) || found;
    }
    return found;
  }

  #isNewWay(url: string, ranges: readonly Profiler.CoverageRange[]): boolean {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return false;
    const place = `${url}:${whole.startOffset}`;
    let ways = this.#ways.get(place);
    if (ways === undefined) this.#ways.set(place, (ways = new Set()));
    if (ways.size >= WAYS_MAX) return false;
    // How often, roughly: loops count.
    const way = ranges
      .map(({ startOffset, count }) => `${startOffset}:${Math.min(3, Math.ceil(Math.log2(count + 1)))}`)
      .join();
    const isNew = !ways.has(way);
    ways.add(way);
    return isNew;
  }

  #take(): readonly Profiler.ScriptCoverage[] {
    let taken: readonly Profiler.ScriptCoverage[] = [];
    // In the process itself it answers before it returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      taken = answer.result;
    });
    return taken;
  }
}
