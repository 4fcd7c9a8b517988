/** Time as `retry` and `limit` see it: passed in, so that tests need not wait. */

export interface Clock {
  /** milliseconds that only grow */
  now: () => number;
  /** Calls `act` after so many milliseconds. @returns what calls it off */
  after: (ms: number, act: () => void) => () => void;
}

/** What timers can count to. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => performance.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, Math.min(ms, TIMER_MS_MAX));
    return () => {
      clearTimeout(timer);
    };
  },
};
