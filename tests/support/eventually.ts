/**
 * @module Waits for what a server does after its answer, or after a client has gone.
 */

import { setTimeout as delay } from 'node:timers/promises';

/** Generous: it bounds a failing test, and is no measure of speed. */
const PATIENCE_MS = 10_000;

/** Repeats `check` until it no longer throws; throws its last error when patience ends. */
export async function eventually(check: () => Promise<void> | void): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await delay(25);
    }
  }
}
