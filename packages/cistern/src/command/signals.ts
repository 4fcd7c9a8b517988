/**
 * How signals end the server. The first lets requests in flight finish; a second one, from somebody who will not wait,
 * ends it at once. One wish often comes as several signals: npm passes Ctrl-C on to a server that the terminal has told
 * already, and a service manager signals the launcher and the server alike.
 */

export type EndingSignal = 'SIGTERM' | 'SIGINT' | 'SIGHUP';

export type SignalEffect = 'drain' | 'nothing' | 'quit';

export const ENDING_SIGNALS: readonly EndingSignal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** Signals of one wish are milliseconds apart; nobody presses Ctrl-C twice within this time. */
const SAME_WISH_MS = 500;

/** @param now a clock that never goes back, in ms */
export function createSignalRule(now: () => number): (signal: EndingSignal) => SignalEffect {
  let firstMs: number | undefined;
  return (signal) => {
    if (firstMs === undefined) {
      firstMs = now();
      return 'drain';
    }
    // A closed terminal is no impatience, however often it is told.
    if (signal === 'SIGHUP' || now() - firstMs < SAME_WISH_MS) return 'nothing';
    return 'quit';
  };
}
