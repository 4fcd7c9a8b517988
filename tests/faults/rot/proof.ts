/**
 * @module The long form of bit rot: copies of a store are spoilt, files and catalog, and everything is read from each.
 * One change again: `--seed S --units 1 --set only=KIND:N`, as a violation names it.
 */

import type { Proof } from '../../proof/proof.ts';
import { makeGround, removeGround, spoilCatalog, spoilFiles } from './rounds.ts';
import { makeStore } from './store.ts';

/** Of 16 rounds, how many are of files (each of which are dozens of corruptions), and of the log; the others are of the catalog. */
const ROUNDS = 16;
const OF_FILES = 1;
const OF_LOG = 3;

export const proof: Proof = {
  aims: { corruptions: 10_000 },
  run: async (slice) => {
    // Files are read from one with many of them, and the catalog from one that is read fast.
    const [large, small] = [
      await makeStore(slice.seed, { files: 60, small: 5 }),
      await makeStore(slice.seed, { files: 4, small: 60 }),
    ];
    const [files, closed, crashed] = [
      await makeGround(large.closed),
      await makeGround(small.closed),
      await makeGround(small.crashed),
    ];
    const only = slice.settings.get('only')?.split(':');
    try {
      for (let n = 0; !slice.over(); n++) {
        const which = n % ROUNDS;
        const kind =
          only?.[0] ?? (which < OF_FILES ? 'files' : which < OF_FILES + OF_LOG ? 'log' : 'catalog');
        const seed = `${slice.seed} ${kind}:${only?.[1] ?? n}`;
        if (kind === 'files') await spoilFiles(files, seed, slice);
        else if (kind === 'log') await spoilCatalog(crashed, seed, slice, 'log');
        else await spoilCatalog(closed, seed, slice, 'database');
      }
    } finally {
      for (const ground of [files, closed, crashed]) removeGround(ground);
      for (const store of [large, small]) store.remove();
    }
  },
};
