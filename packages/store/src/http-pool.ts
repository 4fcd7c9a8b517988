/**
 * undici's pool of connections without the rest of undici (fetch, WebSocket, mocks …), which takes as long to load as all of
 * Node's own start. Its types are those of the package.
 */

import type { Pool as UndiciPool } from 'undici';
// @ts-expect-error -- undici types the package as a whole, and none of its files
import undiciPool from 'undici/lib/dispatcher/pool.js';

export type Pool = UndiciPool;
export const Pool = undiciPool as typeof UndiciPool;
