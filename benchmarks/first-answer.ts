/**
 * @module Waits until a server that is starting answers a signed request.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { send } from './s3-client.ts';
import type { Target } from './target.ts';

const POLL_MS = 5;

/** Resolves with the first successful ListBuckets; rejects with what came last after `limitMs`, or when `ended` tells. */
export async function firstAnswer(target: Target, limitMs: number, ended: () => boolean): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const problem = await probe(target);
    if (problem === undefined) return;
    if (ended()) throw new Error('the server ended', { cause: problem });
    if (performance.now() > deadline) throw problem;
    await delay(POLL_MS);
  }
}

/** Some listen before they can serve, so that any failure may pass. */
async function probe(target: Target): Promise<Error | undefined> {
  try {
    const answer = await send(target, 'GET', '/');
    if (answer.status === 200) return undefined;
    return new Error(`ListBuckets was answered ${answer.status}: ${answer.body.toString('utf8', 0, 400)}`);
  } catch (error) {
    return error as Error;
  }
}
