/**
 * @module Replays a file of signed requests over a number of connections, with the best generator at hand.
 */

import { spawnSync } from 'node:child_process';
import type { RequestFile } from '../requests.ts';
import { replayWithNode } from './node-replay.ts';
import { replayHeadWithWrk, replayWithWrk } from './wrk.ts';

export interface ReplayOptions {
  /** the server; requests carry their own Host header */
  endpoint: URL;
  requests: RequestFile;
  connections: number;
  /** how long at most, whole seconds for wrk; Infinity only with `once` and Node */
  seconds: number;
  /** end after the last request of the file instead of beginning again */
  once: boolean;
}

export interface ReplayResult {
  client: 'wrk' | 'node';
  requests: number;
  errors: number;
  seconds: number;
  p50_ms: number;
  p99_ms: number;
  /** how many requests from the beginning of the file have certainly been answered */
  answeredFromStart: number;
}

let wrkFound: boolean | undefined;

/** Whether the wrk program is on the PATH. */
export function hasWrk(): boolean {
  wrkFound ??= spawnSync('wrk', ['-v'], { stdio: 'ignore' }).error === undefined;
  return wrkFound;
}

/** wrk where it can; its own loop would wait for the body that an answer to HEAD announces but never has. */
export function replay(options: ReplayOptions): Promise<ReplayResult> {
  if (!hasWrk()) return replayWithNode(options);
  if (options.requests.method !== 'HEAD') return replayWithWrk(options);
  const native = options.endpoint.protocol === 'http:' && !options.once;
  return native ? replayHeadWithWrk(options) : replayWithNode(options);
}
