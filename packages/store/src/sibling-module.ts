/** The URL of a thread's entry beside the module that asks: `.ts` when run from source, `.js` when built. */

import { extname } from 'node:path';

/** @param path relative to the importing module, without extension. */
export function siblingModule(importerUrl: string, path: string): URL {
  return new URL(path + extname(new URL(importerUrl).pathname), importerUrl);
}
