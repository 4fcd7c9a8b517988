/** What is known to differ between the members of a fan-out: told to who wants to know, and not read until it is repaired. */

import type { StoreError } from '../../errors.ts';

/** A member that does not have what the primary has. */
export interface Divergence {
  readonly key: string;
  /** which of the stores, counted from 0, the primary */
  readonly member: number;
  /**
   * `write`: it did not take a write that the primary took, or took one that the primary did not. `read`: it did not have what
   * the primary had. `repair`: it could not be made equal
   */
  readonly seenBy: 'write' | 'read' | 'repair';
  readonly error?: StoreError | undefined;
}

/** Keys that are remembered for a member; with more of them no key of it is trusted. */
const KEYS_MAX = 10_000;

export class Divergences {
  readonly #members: { readonly keys: Set<string>; lost: boolean }[];
  readonly #report: (divergence: Divergence) => void;

  constructor(members: number, report: (divergence: Divergence) => void) {
    this.#members = Array.from({ length: members }, () => ({ keys: new Set(), lost: false }));
    this.#report = report;
  }

  add(divergence: Divergence): void {
    const known = this.#members[divergence.member];
    known?.keys.add(divergence.key);
    if (known !== undefined && known.keys.size > KEYS_MAX) {
      known.keys.clear();
      known.lost = true;
    }
    this.#report(divergence);
  }

  /** Whether a member may not have what the primary has. */
  has(key: string, member: number): boolean {
    const known = this.#members[member];
    return known?.lost === true || known?.keys.has(key) === true;
  }

  remove(key: string, member: number): void {
    this.#members[member]?.keys.delete(key);
  }

  /** All keys are about to be compared: from now on those are remembered that differ anew. */
  beginRepair(): void {
    for (const { keys, lost } of this.#members) if (lost) keys.clear();
  }

  /** All keys of a member are equal, but for those that are remembered. */
  endRepair(member: number): void {
    const known = this.#members[member];
    if (known !== undefined) known.lost = false;
  }
}
