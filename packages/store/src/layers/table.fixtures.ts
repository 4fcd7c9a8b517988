/** The layers that the tests of all layers run on: one line for each. */

import type { ObjectStore } from '../object-store.ts';
import { memory } from '../memory.ts';
import { cache } from './cache.ts';
import { checksum } from './checksum.ts';
import { compress } from './compress.ts';
import { encrypt } from './encrypt.ts';
import { fanout } from './fanout.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import { prefix } from './prefix.ts';
import { readonly } from './readonly.ts';
import { retry } from './retry.ts';

type Method = Exclude<keyof ObjectStore, 'capabilities' | 'toString' | typeof Symbol.asyncDispose>;

export interface LayerUnderTest {
  wrap: (store: ObjectStore) => ObjectStore;
  /** how its `toString` begins, up to the store within */
  readonly shown: string;
  /** the key of the store within; the same when left out */
  readonly key?: (key: string) => string;
  /** methods that it refuses as `Unsupported`, whatever is within */
  readonly refuses?: readonly Method[];
  /** what it does not forward as it is */
  readonly changes?: Partial<Record<Method, Change>>;
}

/** How a layer forwards a method otherwise than as it is called. */
export interface Change {
  /** options that the store within gets others of, or none */
  readonly options: readonly string[];
  readonly because: string;
  /** the method of the store within; the same when left out */
  readonly method?: Method;
  /** @param args of the call as it was made */
  readonly args?: (args: readonly unknown[]) => readonly unknown[];
}

const KEYS = { '2026': new Uint8Array(32).fill(7) };

/** Stored bytes are others: ranges and sizes are, too, and what shows them to anyone is refused. */
const CODEC: Pick<LayerUnderTest, 'refuses' | 'changes'> = {
  refuses: ['upload', 'openUpload', 'listUploads', 'presign'],
  changes: {
    put: { options: ['size'], because: 'there are more or fewer stored bytes' },
    get: {
      options: ['range', 'head'],
      because: 'a range of other bytes, or the place where the size stands',
    },
    readInto: {
      method: 'get',
      args: ([key, , options]) => [key, options],
      options: ['range', 'head', 'whole', 'concurrency', 'gap'],
      because: 'stored bytes are not for the caller’s memory',
    },
    copy: { options: ['ifMatch'], because: 'it is pinned to the state that was looked at' },
  },
};

export const LAYERS: Readonly<Record<string, LayerUnderTest>> = {
  cache: {
    wrap: (store) => cache({ store: memory(), bytes: 1_000_000, blockBytes: 4096 }, store),
    shown: 'cache(memory(), ',
  },
  checksum: { wrap: (store) => checksum('sha256', store), shown: 'checksum("sha256", ', ...CODEC },
  compress: { wrap: (store) => compress({}, store), shown: 'compress(3, ', ...CODEC },
  encrypt: {
    wrap: (store) => encrypt({ keys: KEYS, current: '2026' }, store),
    shown: 'encrypt("2026", ',
    ...CODEC,
  },
  fanout: { wrap: (store) => fanout([store]), shown: 'fanout(', refuses: ['presign'] },
  limit: {
    wrap: (store) => limit({ concurrency: 4, bytesPerSecond: 1e9 }, store),
    shown: 'limit(4, 1000000000 B/s, ',
  },
  observe: { wrap: (store) => observe({}, store), shown: 'observe(' },
  prefix: {
    wrap: (store) => prefix('below/', store),
    shown: 'prefix("below/", ',
    key: (key) => `below/${key}`,
  },
  readonly: {
    wrap: (store) => readonly(store),
    shown: 'readonly(',
    refuses: ['put', 'delete', 'copy', 'upload'],
  },
  retry: { wrap: (store) => retry(3, store), shown: 'retry(3, ' },
};
