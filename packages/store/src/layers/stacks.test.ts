/**
 * Random stacks of layers over memory behave as memory: the same bytes, errors, attributes and listings after the same calls.
 * Etags are opaque and compared by what they do. A failure prints the seed that repeats it.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memory } from '../memory.ts';
import type { ObjectStore } from '../object-store.ts';
import { cache } from './cache.ts';
import { checksum } from './checksum.ts';
import { JumpingClock } from './clock.fixtures.ts';
import { compress } from './compress.ts';
import { encrypt } from './encrypt.ts';
import { FaultyStore } from './faulty.fixtures.ts';
import type { Fault } from './faulty.fixtures.ts';
import { limit } from './limit.ts';
import { observe } from './observe.ts';
import { prefix } from './prefix.ts';
import { retry } from './retry.ts';
import { operations, Session } from './stacks.fixtures.ts';

type Wrap = (store: ObjectStore) => ObjectStore;

const KEYS = { one: new Uint8Array(32).fill(1), two: new Uint8Array(32).fill(2) };

/** A layer, as what it is printed as and what it does. */
const layer: fc.Arbitrary<Wrap> = fc.oneof(
  fc.constant<Wrap>((store) => observe({}, store)),
  fc.constantFrom('a/', 'ü', '', 'x'.repeat(100)).map<Wrap>((text) => (store) => prefix(text, store)),
  fc.integer({ min: 1, max: 5 }).map<Wrap>((attempts) => (store) => retry(attempts, store)),
  fc.integer({ min: 1, max: 4 }).map<Wrap>((concurrency) => (store) => limit({ concurrency }, store)),
  fc.constant<Wrap>((store) => limit({ bytesPerSecond: 1e6, clock: new JumpingClock() }, store)),
  fc.constant<Wrap>((store) => cache({ store: memory(), bytes: 200_000, blockBytes: 4096 }, store)),
  fc.constant<Wrap>((store) => checksum('sha256', store)),
  fc.constantFrom('one', 'two').map<Wrap>((current) => (store) => encrypt({ keys: KEYS, current }, store)),
  fc
    .constantFrom(4096, 65_536)
    .map<Wrap>((frameBytes) => (store) => compress({ frameBytes, level: 1 }, store)),
);

function stackOf(layers: readonly Wrap[], base: ObjectStore): ObjectStore {
  return layers.reduceRight((store, wrap) => wrap(store), base);
}

test('random stacks of layers over memory behave as memory', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(layer, { maxLength: 4 }), operations, async (layers, calls) => {
      const stack = stackOf(layers, memory());
      const session = new Session(stack);
      const model = new Session(memory(), stack.capabilities);
      for (const call of calls) {
        const wanted = await model.run(call);
        assert.deepEqual(await session.run(call), wanted, `${stack.toString()} ${call.what}`);
      }
    }),
    { numRuns: 60 },
  );
});

/**
 * A condition that fails after an attempt without an answer may have failed by that one: retry says that it does not know.
 * What matters here is that such a call was refused by both.
 */
function refusals(outcome: unknown): unknown {
  const codes = ['AlreadyExists', 'PreconditionFailed', 'Timeout', 'Unavailable'];
  if (Array.isArray(outcome)) return outcome.map(refusals);
  if (typeof outcome === 'string') return codes.includes(outcome) ? 'refused' : outcome;
  if (typeof outcome !== 'object' || outcome === null || !('code' in outcome)) return outcome;
  return { ...outcome, code: refusals(outcome.code) };
}

test('retry over a store that fails now and then behaves as memory', async () => {
  const fault = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Fault>('ok') },
    { weight: 2, arbitrary: fc.constantFrom<Fault>('before', 'hang') },
    { weight: 2, arbitrary: fc.integer({ min: -5000, max: 70_000 }).map<Fault>((cut) => cut) },
    { weight: 1, arbitrary: fc.nat(5000).map<Fault>((stallAfter) => ({ stallAfter })) },
  );
  const callFault = fc.constantFrom<Fault>('ok', 'ok', 'before', 'hang');
  const plan = fc.record({
    get: fc.array(fault, { maxLength: 20 }),
    read: fc.array(fault, { maxLength: 10 }),
    put: fc.array(callFault, { maxLength: 10 }),
    readInto: fc.array(fc.constantFrom<Fault>('ok', 'before', 'after'), { maxLength: 10 }),
    list: fc.array(
      fc.nat(5).map<Fault>((cut) => cut),
      { maxLength: 10 },
    ),
    delete: fc.array(
      fc.nat(3).map<Fault>((cut) => cut),
      { maxLength: 10 },
    ),
    copy: fc.array(callFault, { maxLength: 5 }),
    upload: fc.array(callFault, { maxLength: 5 }),
    write: fc.array(fc.constantFrom<Fault>('ok', 'ok', 'before', 'after', 'hang'), { maxLength: 20 }),
    flush: fc.array(fc.constantFrom<Fault>('ok', 'before', 'after', 'hang'), { maxLength: 10 }),
    complete: fc.array(fc.constantFrom<Fault>('ok', 'before', 'hang'), { maxLength: 5 }),
    openUpload: fc.array(callFault, { maxLength: 5 }),
  });
  await fc.assert(
    fc.asyncProperty(plan, operations, async (faults, calls) => {
      const stack = retry(
        { attempts: 40, waitMsMax: 0, clock: new JumpingClock() },
        new FaultyStore(structuredClone(faults)),
      );
      const session = new Session(stack);
      const model = new Session(memory(), stack.capabilities);
      // A stream that was begun cannot be sent again: that it fails is right, and has tests of its own.
      for (const call of calls.filter(({ isStream }) => !isStream)) {
        const wanted = await model.run(call);
        assert.deepEqual(refusals(await session.run(call)), refusals(wanted), call.what);
      }
    }),
    { numRuns: 60 },
  );
});
