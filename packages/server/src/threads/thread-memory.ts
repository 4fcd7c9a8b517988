/**
 * The heap of a thread, in two bounds that both spare tens of megabytes of resident memory.
 *
 * Young: requests leave garbage that dies at once, so a small nursery costs a few more (sub-millisecond) collections.
 * Old: a thread lives on less than 20 MB; what the bound does is to make V8 collect at twice of what is alive, where
 * it otherwise waits for four times as much.
 */
export const THREAD_MEMORY = { maxYoungGenerationSizeMb: 4, maxOldGenerationSizeMb: 1024 } as const;

/**
 * Of an HTTP thread: what 64 connections have under way at once would fill the small nursery, so that nearly all of it was
 * moved twice and collected where that is dear. A fifth of a small GET's processor time, for 10 MB in two threads.
 */
export const GATEWAY_MEMORY = { ...THREAD_MEMORY, maxYoungGenerationSizeMb: 12 } as const;
