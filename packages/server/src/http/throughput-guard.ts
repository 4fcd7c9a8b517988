/**
 * Watches bodies in transfer, both ways, for clients that stall. One timer a thread looks at all of them; time in which
 * the server itself was the one to wait for does not count.
 */

import type { ThroughputRule } from '../limits.ts';

export class Transfer {
  /** Bytes moved so far; the owner counts them up. */
  bytes = 0;
  /** True while the server, not the client, holds the transfer up. */
  waitingForUs = false;
  readonly onStall: () => void;
  /** Of the current window. */
  windowStartMs: number;
  windowBytes = 0;

  constructor(onStall: () => void, nowMs: number) {
    this.onStall = onStall;
    this.windowStartMs = nowMs;
  }
}

export class ThroughputGuard {
  readonly #rule: ThroughputRule;
  readonly #transfers = new Set<Transfer>();
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;

  constructor(rule: ThroughputRule, now: () => number = () => performance.now()) {
    this.#rule = rule;
    this.#now = now;
    this.#timer = setInterval(() => this.look(), Math.min(1000, rule.windowMs / 2));
    this.#timer.unref();
  }

  /** @param onStall called once, when the client was too slow over a whole window. */
  watch(onStall: () => void): Transfer {
    const transfer = new Transfer(onStall, this.#now());
    this.#transfers.add(transfer);
    return transfer;
  }

  end(transfer: Transfer): void {
    this.#transfers.delete(transfer);
  }

  look(): void {
    const now = this.#now();
    const { bytesPerSecondMin, windowMs } = this.#rule;
    for (const transfer of this.#transfers) {
      const elapsedMs = now - transfer.windowStartMs;
      const tooSlow = (transfer.bytes - transfer.windowBytes) * 1000 < bytesPerSecondMin * elapsedMs;
      if (transfer.waitingForUs || !tooSlow) {
        if (transfer.waitingForUs || elapsedMs >= windowMs) {
          transfer.windowStartMs = now;
          transfer.windowBytes = transfer.bytes;
        }
      } else if (elapsedMs >= windowMs) {
        this.#transfers.delete(transfer);
        transfer.onStall();
      }
    }
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
