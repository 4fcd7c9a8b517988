/** Any store of ours as a measured client. */

import { streamSource } from '@cistern/store';
import type { Store } from '@cistern/store';
import type { Client } from './client.ts';

export function fromStore(store: Store): Client {
  return {
    put: async (key, bytes) => {
      await store.put(key, bytes);
    },
    get: async (key) => (await store.get(key).bytes()).byteLength,
    putStream: async (key, chunks, size) => {
      await store.put(key, streamSource(chunks, size));
    },
    getInto: async (key, into) => {
      await store.readInto(key, into);
    },
    list: async (prefix) => {
      let count = 0;
      for await (const key of store.keys(prefix)) if (key !== '') count++;
      return count;
    },
    close: () => store.close(),
  };
}
