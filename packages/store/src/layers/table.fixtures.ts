/** The layers that the tests of all layers run on: one line for each. */

import type { ObjectStore } from '../object-store.ts';
import { compress } from './compress/compress.ts';
import { encrypt } from './encrypt/encrypt.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import { prefix } from './prefix.ts';
import { readonly } from './readonly.ts';
import { retry } from './retry.ts';

export interface LayerUnderTest {
  wrap: (store: ObjectStore) => ObjectStore;
  /** how its `toString` begins, up to the store within */
  readonly shown: string;
}

const KEYS = { '2026': new Uint8Array(32).fill(7) };

export const LAYERS: Readonly<Record<string, LayerUnderTest>> = {
  compress: { wrap: (store) => compress({}, store), shown: 'compress(3, ' },
  encrypt: { wrap: (store) => encrypt({ keys: KEYS, current: '2026' }, store), shown: 'encrypt("2026", ' },
  limit: {
    wrap: (store) => limit({ concurrency: 4, bytesPerSecond: 1e9 }, store),
    shown: 'limit(4, 1000000000 B/s, ',
  },
  observe: { wrap: (store) => observe({}, store), shown: 'observe(' },
  prefix: { wrap: (store) => prefix('below/', store), shown: 'prefix("below/", ' },
  readonly: { wrap: (store) => readonly(store), shown: 'readonly(' },
  retry: { wrap: (store) => retry(3, store), shown: 'retry(3, ' },
};
