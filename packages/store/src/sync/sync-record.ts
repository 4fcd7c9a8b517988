/** What `sync` tells: a record a key, and their sums. */

import type { StoreError } from '../errors.ts';

export interface SyncRecord {
  readonly key: string;
  /** `copy`: it was missing. `update`: it was another one. */
  readonly action: 'copy' | 'update' | 'delete' | 'skip';
  /**
   * `missing` (copy); `size`, `etag`, `older`, `bytes`: what differs (update); `extra`: not in the source (delete); `same`, or
   * `gone` from the source since it was listed (skip)
   */
  readonly reason: 'missing' | 'size' | 'etag' | 'older' | 'bytes' | 'extra' | 'same' | 'gone';
  /** bytes of the source's object; of the target's with `delete` */
  readonly size: number;
  /** why it was not done */
  readonly error?: StoreError | undefined;
}

/** Numbers of keys, but for `bytes`. */
export interface SyncSummary {
  readonly copied: number;
  readonly updated: number;
  readonly deleted: number;
  readonly skipped: number;
  /** keys whose record has an error; counted nowhere else */
  readonly failed: number;
  /** bytes of the objects that were copied and updated */
  readonly bytes: number;
  /** all keys were dealt with; those that failed, too */
  readonly isComplete: boolean;
}

const COUNTED = { copy: 'copied', update: 'updated', delete: 'deleted', skip: 'skipped' } as const;

export class SyncCounts {
  copied = 0;
  updated = 0;
  deleted = 0;
  skipped = 0;
  failed = 0;
  bytes = 0;
  isComplete = false;

  add({ action, size, error }: SyncRecord): void {
    if (error !== undefined) {
      this.failed++;
      return;
    }
    this[COUNTED[action]]++;
    if (action === 'copy' || action === 'update') this.bytes += size;
  }

  get summary(): SyncSummary {
    const { copied, updated, deleted, skipped, failed, bytes, isComplete } = this;
    return { copied, updated, deleted, skipped, failed, bytes, isComplete };
  }
}
