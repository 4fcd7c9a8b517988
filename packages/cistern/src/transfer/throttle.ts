/** No more than so many bytes a second, of all objects together. */

import type { Store } from '@cistern/store';
import type { CopySettings } from './copier.ts';

/** What may come at once: a burst of a second, as the layer has it otherwise, is most of a short transfer. */
const BURST_BYTES = 64 * 1024;

/** A rate is kept on the side that is not this machine's, and once where bytes pass both. */
export async function throttle(bytesPerSecond: number | undefined): Promise<CopySettings['through']> {
  if (bytesPerSecond === undefined) return (store) => store;
  const { limit } = await import('@cistern/store/layers');
  const limited = new Map<Store, Store>();
  return (store, { from, to }) => {
    const side = from.place.kind === 'local' ? to.store : from.store;
    if (store !== side) return store;
    const made = limited.get(store) ?? limit({ bytesPerSecond, burstBytes: BURST_BYTES }, store);
    limited.set(store, made);
    return made;
  };
}
