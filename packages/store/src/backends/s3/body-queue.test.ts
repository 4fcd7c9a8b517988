/** Back-pressure between a connection and a reader. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BodyQueue } from './body-queue.ts';

function makeQueue(): { queue: BodyQueue; calls: string[] } {
  const calls: string[] = [];
  const queue = new BodyQueue({
    pause: () => calls.push('pause'),
    resume: () => calls.push('resume'),
    leave: () => calls.push('leave'),
  });
  return { queue, calls };
}

const KIB = 1024;

suite('a body on its way', () => {
  test('the connection rests while the reader is behind, and goes on when it has caught up', async () => {
    const { queue, calls } = makeQueue();
    for (let i = 0; i < 4; i++) queue.push(new Uint8Array(64 * KIB));
    assert.deepEqual(calls, ['pause']);
    await queue.next();
    await queue.next();
    assert.deepEqual(calls, ['pause']);
    await queue.next();
    assert.deepEqual(calls, ['pause', 'resume']);
  });

  test('a reader that waits gets the next chunk, and the end', async () => {
    const { queue } = makeQueue();
    const waiting = queue.next();
    const chunk = new Uint8Array(3);
    queue.push(chunk);
    assert.deepEqual(await waiting, { done: false, value: chunk });
    const end = queue.next();
    queue.end();
    assert.equal((await end).done, true);
    assert.equal((await queue.next()).done, true);
  });

  test('a failure is told once, before what has come', async () => {
    const { queue } = makeQueue();
    queue.push(new Uint8Array(3));
    queue.fail(new Error('cut'));
    await assert.rejects(queue.next(), /cut/);
    assert.equal((await queue.next()).done, true);
    const { queue: other } = makeQueue();
    const waiting = other.next();
    other.fail(new Error('cut'));
    await assert.rejects(waiting, /cut/);
  });

  test('a reader that leaves ends the connection, once', async () => {
    const { queue, calls } = makeQueue();
    for await (const chunk of withFirst(queue)) {
      assert.equal(chunk.byteLength, 5);
      break;
    }
    await queue.return();
    assert.deepEqual(calls, ['leave']);
    const { queue: read, calls: none } = makeQueue();
    read.end();
    await read.return();
    assert.deepEqual(none, []);
  });
});

function withFirst(queue: BodyQueue): BodyQueue {
  queue.push(new Uint8Array(5));
  return queue;
}
