/**
 * V8's young generation, per thread. Requests leave garbage that dies at once: a small nursery costs a few more
 * (sub-millisecond) collections and spares tens of megabytes of resident memory in each thread.
 */
export const THREAD_MEMORY = { maxYoungGenerationSizeMb: 4 } as const;
