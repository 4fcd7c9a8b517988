/** `sync` of one object to one key: the same rules as for folders. */

import { isStoreError, StoreError } from '@cistern/store';
import type { SyncOptions, SyncRecord } from '@cistern/store';
import { difference } from '@cistern/store/sync';
import type { KeyPair } from '@cistern/store/sync';
import { sameContent } from '@cistern/store/transfers';
import type { TwoPlaces } from '../compare/two-places.ts';

/** Gives one record. */
export async function* syncSingle(
  { key, source, target }: KeyPair,
  { left, right }: TwoPlaces,
  { compare, dryRun, copy, signal = new AbortController().signal }: SyncOptions,
): AsyncGenerator<SyncRecord> {
  if (source === undefined || copy === undefined) return;
  const { size } = source;
  const found = target === undefined ? 'missing' : difference(source, target, compare);
  const action = target === undefined ? 'copy' : 'update';
  const reason = found === 'unknown' ? 'bytes' : found;
  try {
    const sides = [left, right].map((side) => ({ store: side.opened.store, key: side.key(key) }));
    const [one, other] = sides as [(typeof sides)[0], (typeof sides)[0]];
    if (found === 'same' || (found === 'unknown' && (await sameContent(one, other, { signal })).isSame)) {
      yield { key, action: 'skip', reason: 'same', size };
      return;
    }
    const written = dryRun === true ? { size } : await copy(source, target, signal);
    if (written === undefined) yield { key, action: 'skip', reason: 'gone', size };
    else yield { key, action, reason, size: written.size };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = isStoreError(thrown)
      ? thrown
      : new StoreError('Unexpected', `${source.key} could not be copied`, { cause: thrown });
    yield { key, action, reason, size, error };
  }
}
