/** The store in memory, as a function: `const store = memory()`. */

import { MemoryStore } from './backends/memory/memory-store.ts';
import { Store } from './store.ts';

/** A store in this process's memory; gone when it is closed. Decides all conditions, keeps no versions. */
export function memory(): Store {
  return new Store(new MemoryStore());
}
