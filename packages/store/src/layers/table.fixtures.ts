/** The layers that the tests of all layers run on: one line for each. */

import type { ObjectStore } from '../object-store.ts';
import { prefix } from './prefix.ts';
import { retry } from './retry.ts';

export interface LayerUnderTest {
  wrap: (store: ObjectStore) => ObjectStore;
  /** how its `toString` begins, up to the store within */
  readonly shown: string;
}

export const LAYERS: Readonly<Record<string, LayerUnderTest>> = {
  prefix: { wrap: (store) => prefix('below/', store), shown: 'prefix("below/", ' },
  retry: { wrap: (store) => retry(3, store), shown: 'retry(3, ' },
};
