/** The layers that the tests of all layers run on: one line for each. */

import type { ObjectStore } from '../object-store.ts';
import { memory } from '../memory.ts';
import { cache } from './cache.ts';
import { compress } from './compress.ts';
import { encrypt } from './encrypt.ts';
import { fanout } from './fanout.ts';
import { prefix } from './prefix.ts';

export interface LayerUnderTest {
  wrap: (store: ObjectStore) => ObjectStore;
  /** how its `toString` begins, up to the store within */
  readonly shown: string;
}

export const LAYERS: Readonly<Record<string, LayerUnderTest>> = {
  cache: {
    wrap: (store) => cache({ store: memory(), bytes: 1_000_000, blockBytes: 4096 }, store),
    shown: 'cache(memory(), ',
  },
  compress: { wrap: (store) => compress({}, store), shown: 'compress(3, ' },
  encrypt: {
    wrap: (store) => encrypt({ keys: { '2026': new Uint8Array(32) }, current: '2026' }, store),
    shown: 'encrypt("2026", ',
  },
  fanout: { wrap: (store) => fanout([store, memory(), memory()]), shown: 'fanout(' },
  prefix: { wrap: (store) => prefix('below/', store), shown: 'prefix("below/", ' },
};
