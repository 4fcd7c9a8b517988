/** Epochs: what a reader may still see is not passed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createEpochMemory, EpochReader, EpochWriter } from './epochs.ts';

function epochs(count: number): { writer: EpochWriter; readers: EpochReader[] } {
  const memory = createEpochMemory(count);
  const readers = Array.from({ length: count }, (_, i) => new EpochReader(memory, i));
  return { writer: new EpochWriter(memory), readers };
}

function oneReader(): { writer: EpochWriter; reader: EpochReader } {
  const { writer, readers } = epochs(1);
  return { writer, reader: readers[0] as EpochReader };
}

test('without readers every commit is passed', () => {
  const { writer } = epochs(3);
  writer.committed(7);
  assert.equal(writer.passed(7), true);
});

test('a reader holds up what was given up after it entered, and nothing before', () => {
  const { writer, reader } = oneReader();
  writer.committed(5);
  const epoch = reader.enter();
  writer.committed(6);
  assert.equal(writer.passed(5), true);
  assert.equal(writer.passed(6), false);
  const later = reader.enter();
  reader.leave(epoch);
  assert.equal(writer.passed(6), true);
  assert.equal(writer.passed(7), false);
  reader.leave(later);
  assert.equal(writer.passed(7), true);
});

test('reads of one epoch are counted: the last that leaves lets go', () => {
  const { writer, reader } = oneReader();
  writer.committed(1);
  const [a, b] = [reader.enter(), reader.enter()];
  reader.leave(a);
  assert.equal(writer.passed(2), false);
  reader.leave(b);
  assert.equal(writer.passed(2), true);
});

test('each thread has a slot of its own', () => {
  const { writer, readers } = epochs(3);
  writer.committed(1);
  const entered = readers.map((reader) => reader.enter());
  for (const [i, reader] of readers.entries()) {
    assert.equal(writer.passed(2), false);
    reader.leave(entered[i] as bigint);
  }
  assert.equal(writer.passed(2), true);
});

test('readers hear that a bucket has changed, and of nothing else', () => {
  const { writer, readers } = epochs(2);
  const seen = (): (bigint | undefined)[] => readers.map(({ buckets }) => buckets);
  const before = seen();
  writer.committed(1);
  assert.deepEqual(seen(), before);
  writer.committing({ buckets: false });
  assert.deepEqual(seen(), before);
  writer.committed(2);
  // One that fails is tried again.
  for (let tries = 0; tries < 2; tries++) {
    writer.committing({ buckets: true });
    assert.ok(seen().every((value) => value === undefined));
  }
  writer.committed(3);
  assert.ok(seen().every((value) => value !== undefined));
  assert.ok(seen().every((value, i) => value !== before[i]));
});

test('whatever readers do, passed means that nobody is in an earlier epoch', () => {
  type Action = { kind: 'commit' } | { kind: 'enter' | 'leave'; pick: number };
  const pick = fc.nat({ max: 100 });
  const action: fc.Arbitrary<Action> = fc.oneof(
    fc.constant({ kind: 'commit' } as const),
    fc.record({ kind: fc.constantFrom('enter', 'leave'), pick }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { writer, readers } = epochs(3);
      const active: { reader: EpochReader; epoch: bigint; seq: number }[] = [];
      let seq = 0;
      for (const step of actions) {
        if (step.kind === 'commit') {
          writer.committed(++seq);
        } else if (step.kind === 'enter') {
          const reader = readers[step.pick % readers.length] as EpochReader;
          active.push({ reader, epoch: reader.enter(), seq });
        } else {
          const [left] = active.splice(step.pick % Math.max(active.length, 1), 1);
          left?.reader.leave(left.epoch);
        }
        for (let limit = 0; limit <= seq + 1; limit++) {
          const expected = active.every((read) => read.seq >= limit);
          assert.equal(writer.passed(limit), expected);
        }
      }
    }),
    { numRuns: 200 },
  );
});
