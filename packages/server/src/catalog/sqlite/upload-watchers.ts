/**
 * Who waits for changes of which upload, in the writer thread: a commit that changes an upload wakes the threads that
 * watch it, and nobody else.
 */

import type { UploadChange } from '../uploads.ts';

type Tell = (changes: readonly UploadChange[]) => void;

export class UploadWatchers {
  readonly #watchers = new Map<number, Set<Tell>>();
  #stopped = false;

  watch(upload: number, tell: Tell): void {
    if (this.#stopped) tell([{ upload, part: null }]);
    const watchers = this.#watchers.get(upload) ?? new Set();
    this.#watchers.set(upload, watchers);
    watchers.add(tell);
  }

  unwatch(upload: number, tell: Tell): void {
    const watchers = this.#watchers.get(upload);
    watchers?.delete(tell);
    if (watchers?.size === 0) this.#watchers.delete(upload);
  }

  /** No commit follows: whoever waits for one waits in vain. */
  stop(): void {
    this.#stopped = true;
    this.changed([...this.#watchers.keys()].map((upload) => ({ upload, part: null })));
  }

  /** After the commit. */
  changed(changes: readonly UploadChange[]): void {
    if (this.#watchers.size === 0) return;
    const told = new Map<Tell, UploadChange[]>();
    for (const change of changes) {
      for (const tell of this.#watchers.get(change.upload) ?? []) {
        const list = told.get(tell) ?? [];
        told.set(tell, list);
        list.push(change);
      }
    }
    for (const [tell, list] of told) tell(list);
  }
}
