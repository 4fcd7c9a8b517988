/**
 * @module kill -9 under load: every acknowledged write is there afterwards, whole; of the others the old or the new state.
 *
 * Rounds: `CISTERN_KILL_ROUNDS`, 20 by default. `CISTERN_KILL_SEED` replays a run's choices; the moment of death is the
 * system's. Each round works on what the rounds before have left.
 */

import assert from 'node:assert/strict';
import { createHash, randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { encodeKey } from '@cistern/protocol';

import { sha256Hex } from '../support/s3.ts';
import type { S3, S3Response } from '../support/s3.ts';
import { elements, text } from '../support/xml.ts';
import { startServerProcess } from './server-process.ts';

const ROUNDS = Number(process.env['CISTERN_KILL_ROUNDS'] ?? 20);
const SEED = Number(process.env['CISTERN_KILL_SEED'] ?? randomInt(2 ** 31));
const WRITERS = 12;
const KEYS_PER_WRITER = 6;
const BUCKET = 'kill';
/** Small ones are inline, larger ones files; bodies repeat across keys, so that blobs are shared and freed. */
const SIZES = [0, 1, 100, 4096, 65_536, 65_537, 300_000, 3_000_000, 4_500_001];
const BODIES_PER_SIZE = 3;
const ABSENT = 'absent';

console.log(`kill -9: ${ROUNDS} rounds, CISTERN_KILL_SEED=${SEED}`);

/** A small generator of our own: the choices of a run follow from its seed alone. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const bodies = SIZES.flatMap((size) =>
  Array.from({ length: size === 0 ? 1 : BODIES_PER_SIZE }, (_, i) => {
    const block = createHash('sha512').update(`${size} ${i}`).digest();
    return Buffer.alloc(size, block);
  }),
);
const hashes = new Map(bodies.map((body) => [sha256Hex(body), body]));

/** What a key may hold: the last acknowledged state, and what was asked for and not answered since. */
const allowed = new Map<string, Set<string>>();

function statesOf(key: string): Set<string> {
  let states = allowed.get(key);
  if (states === undefined) allowed.set(key, (states = new Set([ABSENT])));
  return states;
}

interface Step {
  readonly key: string;
  /** the states that the key may have afterwards: one, unless the source of a copy was uncertain */
  readonly results: readonly string[];
  run(): Promise<S3Response>;
}

function nextStep(s3: S3, writer: number, pick: (below: number) => number): Step {
  const key = `writer ${writer}/key+${pick(KEYS_PER_WRITER)}`;
  const kind = pick(10);
  if (kind === 0) return { key, results: [ABSENT], run: () => s3.object('DELETE', BUCKET, key) };
  if (kind === 1) {
    // Of a key of the same writer: nobody else changes it meanwhile.
    const source = `writer ${writer}/key+${pick(KEYS_PER_WRITER)}`;
    const states = [...statesOf(source)];
    if (source !== key && !states.includes(ABSENT)) {
      const headers = { 'x-amz-copy-source': `/${BUCKET}/${encodeKey(source)}` };
      return { key, results: states, run: () => s3.object('PUT', BUCKET, key, { headers }) };
    }
  }
  const body = bodies[pick(bodies.length)] ?? Buffer.alloc(0);
  return {
    key,
    results: [sha256Hex(body)],
    run: () => s3.object('PUT', BUCKET, key, { body, payload: 'UNSIGNED-PAYLOAD' }),
  };
}

/** Writes until the server dies. Returns how many writes were acknowledged. */
async function write(s3: S3, writer: number, pick: (below: number) => number): Promise<number> {
  for (let acknowledged = 0; ; acknowledged++) {
    const step = nextStep(s3, writer, pick);
    const states = statesOf(step.key);
    for (const result of step.results) states.add(result);
    let response: S3Response;
    try {
      response = await step.run();
    } catch {
      return acknowledged;
    }
    assert.ok(response.status === 200 || response.status === 204, `${response.status}: ${response.text}`);
    allowed.set(step.key, new Set(step.results));
  }
}

async function verify(s3: S3): Promise<void> {
  const listed = new Map<string, string | undefined>();
  const listing = await s3.bucket('GET', BUCKET, { query: { 'list-type': '2' } });
  for (const entry of elements(listing.text, 'Contents')) {
    listed.set(text(entry, 'Key') ?? '', text(entry, 'ETag'));
  }
  for (const [key, states] of allowed) {
    const response = await s3.object('GET', BUCKET, key);
    const state = response.status === 404 ? ABSENT : sha256Hex(response.body);
    assert.ok(state === ABSENT || hashes.has(state), `${key} holds bytes that nobody wrote`);
    assert.ok(states.has(state), `${key} is ${state}; acknowledged or in flight: ${[...states].join(', ')}`);
    assert.equal(listed.get(key), response.headers['etag'], `the listing and GET of ${key} differ`);
    assert.equal(listed.has(key), state !== ABSENT);
    allowed.set(key, new Set([state]));
  }
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const dataDir = await mkdtemp(join(tmpdir(), 'cistern-kill-'));
after(() => rm(dataDir, { recursive: true, force: true }));
let acknowledged = 0;

for (let round = 1; round <= ROUNDS; round++) {
  test(`round ${round}`, async () => {
    const pick = generator(SEED + round);
    const server = await startServerProcess(dataDir);
    try {
      assert.deepEqual(await readdir(join(dataDir, 'tmp')), [], 'temporary files survived the start');
      await server.s3.bucket('PUT', BUCKET);
      await verify(server.s3);
      const writers = Array.from({ length: WRITERS }, (_, i) =>
        write(server.s3, i, generator(SEED + round * 1000 + i)),
      );
      await delay(50 + pick(500));
      server.child.kill('SIGKILL');
      acknowledged += (await Promise.all(writers)).reduce((sum, count) => sum + count, 0);
    } finally {
      await server.kill();
    }
  });
}

test('after the last kill everything acknowledged is there, and every blob is named by its hash', async (t) => {
  const server = await startServerProcess(dataDir);
  try {
    await verify(server.s3);
    for (const file of await filesBelow(join(dataDir, 'blobs'))) {
      // The reaper may be deleting what nothing refers to.
      const bytes = await readFile(file).catch(() => undefined);
      if (bytes !== undefined)
        assert.equal(sha256Hex(bytes), basename(file), `${file} is not what its name says`);
    }
  } finally {
    await server.kill();
  }
  assert.ok(acknowledged >= ROUNDS, 'the load never got going');
  t.diagnostic(`${acknowledged} acknowledged writes in ${ROUNDS} rounds, 0 lost`);
});
