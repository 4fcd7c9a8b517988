/** Bodies off a real connection: whole, in order, at the pace of who takes them. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { S3Error } from '@cistern/protocol';
import { exchange } from './exchange.testing.ts';
import type { Exchange } from './exchange.testing.ts';
import { ClientGone, receiveBody } from './receive-body.ts';

const BODY = randomBytes(1_000_000);

/** The head of a request for BODY has arrived, and its first bytes. */
function begin(t: TestContext, first: Buffer): Promise<Exchange> {
  return exchange(t, { 'Content-Length': String(BODY.length) }, first);
}

for (const keeps of [true, false]) {
  test(`every byte in order; chunks ${keeps ? 'that are kept stay' : 'that are not kept give their memory back'}`, async (t) => {
    const { request, guard } = await begin(t, BODY);
    const chunks: Buffer[] = [];
    const copies: Buffer[] = [];
    await receiveBody(request, guard, {
      take: (chunk) => {
        chunks.push(chunk);
        copies.push(Buffer.from(chunk));
        // Some at once, some later.
        return chunks.length % 3 === 0 ? setImmediate() : undefined;
      },
      keeps,
    });
    assert.ok(Buffer.concat(copies).equals(BODY));
    assert.ok(chunks.length > 3);
    if (keeps) assert.ok(Buffer.concat(chunks).equals(BODY));
    else assert.ok(chunks.every((chunk) => chunk.length === 0 && chunk.buffer.byteLength === 0));
  });
}

test('a chunk that is being taken is whole until it was, and the next one waits for it', async (t) => {
  const { request, guard } = await begin(t, BODY);
  let taking = 0;
  let received = 0;
  await receiveBody(request, guard, {
    take: async (chunk) => {
      assert.equal(++taking, 1);
      const { length } = chunk;
      await setImmediate();
      await setImmediate();
      assert.equal(chunk.length, length);
      received += length;
      taking--;
    },
    keeps: false,
  });
  assert.equal(received, BODY.length);
});

test('what the taker throws, at once or later, is the reason of the rejection', async (t) => {
  for (const fail of [
    () => {
      throw new Error('full');
    },
    () => Promise.reject(new Error('full')),
  ]) {
    const { request, guard } = await begin(t, BODY);
    await assert.rejects(receiveBody(request, guard, { take: fail, keeps: false }), { message: 'full' });
    assert.ok(request.isPaused());
  }
});

test('a client that goes away', async (t) => {
  const { request, client, guard } = await begin(t, BODY.subarray(0, 1000));
  const received = receiveBody(request, guard, { take: () => undefined, keeps: false });
  client.destroy();
  await assert.rejects(received, ClientGone);
  await assert.rejects(receiveBody(request, guard, { take: () => undefined, keeps: false }), ClientGone);
});

test('a client that goes away after its answer, while the rest of a refused body is read', async (t) => {
  const { request, response, client, guard } = await begin(t, BODY.subarray(0, 1000));
  const refuse = (): never => {
    throw new Error('refused');
  };
  await assert.rejects(receiveBody(request, guard, { take: refuse, keeps: false }), { message: 'refused' });
  response.end('refused');
  await once(response, 'close');
  const rest = receiveBody(request, guard, { take: () => undefined, keeps: false });
  client.destroy();
  await assert.rejects(rest, ClientGone);
  await assert.rejects(receiveBody(request, guard, { take: () => undefined, keeps: false }), ClientGone);
});

test('a client that stalls, and one that has to wait for us', async (t) => {
  const { request, guard, pass } = await begin(t, BODY.subarray(0, 1000));
  let release = (): void => undefined;
  let taken = (): void => undefined;
  const firstTaken = new Promise<void>((resolve) => (taken = resolve));
  const received = receiveBody(request, guard, {
    take: () => {
      taken();
      return new Promise<void>((resolve) => (release = resolve));
    },
    keeps: false,
  });
  let settled = false;
  const rejected = assert.rejects(received, (error: unknown) => {
    settled = true;
    return error instanceof S3Error && error.code === 'RequestTimeout';
  });
  await firstTaken;
  pass(60_000);
  await setImmediate();
  assert.equal(settled, false);
  release();
  await setImmediate();
  pass(9000);
  await setImmediate();
  assert.equal(settled, false);
  pass(2000);
  await rejected;
});
