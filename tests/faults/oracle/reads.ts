/** @module Reads beside the oracle's writes: what is read is what was acknowledged, or at least what somebody wrote. */

import { setTimeout as delay } from 'node:timers/promises';

import { request } from 'undici';

import { objectPath, sha256Hex } from '../../support/s3.ts';
import type { Done, OracleClient } from './client.ts';
import { ABSENT } from './key-history.ts';
import { BUCKETS } from './profile.ts';

/** A reader that lingers does so for so many answers to others, or so long when they do not come. */
const LINGER_ANSWERS = 12;
const LINGER_MS_MAX = 300;

/** Nobody else writes it: what is found is what was acknowledged last. */
export async function readOwn(client: OracleClient, key: string): Promise<Done> {
  const { load } = client;
  const expected = load.model.certain(key);
  if (expected === undefined) return 'idle';
  const response = await client.ask('GET', BUCKETS.plain, key);
  if (response === undefined) return 'broken';
  const found = response.status === 404 ? ABSENT : sha256Hex(response.body);
  if (found !== expected)
    load.problems.push(`read ${key}: ${response.status} ${found}, acknowledged: ${expected}`);
  return 'done';
}

export async function readShared(client: OracleClient, key: string): Promise<Done> {
  const response = await client.ask('GET', BUCKETS.plain, key);
  if (response === undefined) return 'broken';
  if (response.status !== 404) expectSent(client, key, response.status, response.body);
  return 'done';
}

/** Begins to read, and goes on when others have written: by then the key may have other bytes, and these be given up. */
export async function linger(client: OracleClient, key: string): Promise<Done> {
  const { load } = client;
  const { method, target, headers } = load.s3.prepare('GET', objectPath(BUCKETS.plain, key));
  const enough = load.acknowledged + LINGER_ANSWERS;
  try {
    const response = await request(`${load.s3.endpoint}${target}`, { method, headers: headers.flat() });
    const chunks: Buffer[] = [];
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      const waits = chunks.push(chunk) === 1 ? LINGER_MS_MAX : 0;
      for (let i = 0; i < waits && load.acknowledged < enough && !load.over(); i++) await delay(1);
    }
    if (response.statusCode !== 404) expectSent(client, key, response.statusCode, Buffer.concat(chunks));
    return 'done';
  } catch {
    return 'broken';
  }
}

function expectSent({ load }: OracleClient, key: string, status: number, body: Buffer): void {
  const state = sha256Hex(body);
  if (status !== 200 || !load.model.sent.has(state))
    load.problems.push(`read ${key}: ${status}, ${body.length} bytes that nobody wrote (${state})`);
}
