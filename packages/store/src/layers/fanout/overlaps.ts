/**
 * Which writes of a key are under way at the same time. The members of a fan-out may take those in different orders: the last
 * of them to end makes the members equal before it ends.
 */

interface Writing {
  count: number;
  overlapped: boolean;
}

export class Overlaps {
  readonly #writing = new Map<string, Writing>();
  readonly #settle: (key: string) => Promise<unknown>;

  /** @param settle makes the members equal; must not fail */
  constructor(settle: (key: string) => Promise<unknown>) {
    this.#settle = settle;
  }

  begin(key: string): void {
    const writing = this.#writing.get(key) ?? { count: 0, overlapped: false };
    if (++writing.count > 1) writing.overlapped = true;
    this.#writing.set(key, writing);
  }

  async end(key: string): Promise<void> {
    const writing = this.#writing.get(key);
    if (writing === undefined) return;
    // A write that begins meanwhile overlaps with this, and settles in its turn.
    while (writing.count === 1 && writing.overlapped) {
      writing.overlapped = false;
      await this.#settle(key);
    }
    if (--writing.count === 0) this.#writing.delete(key);
  }

  async run<T>(key: string, write: () => Promise<T>): Promise<T> {
    this.begin(key);
    try {
      return await write();
    } finally {
      await this.end(key);
    }
  }
}
