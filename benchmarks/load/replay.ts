/**
 * @module Replays a file of signed requests over a number of connections, with the best generator at hand.
 */

import { spawnSync } from 'node:child_process';
import type { RequestFile } from '../requests.ts';
import { replayWithNode } from './node-replay.ts';
import { replayWithWrk } from './wrk.ts';

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

/** wrk where it can: it waits for the body that a HEAD answer announces but never has, so HEAD is Node's. */
export function replay(options: ReplayOptions): Promise<ReplayResult> {
  const native = hasWrk() && options.requests.method !== 'HEAD';
  return native ? replayWithWrk(options) : replayWithNode(options);
}
