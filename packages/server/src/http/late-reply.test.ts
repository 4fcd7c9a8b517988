/** Answers whose status goes before their outcome, by a moved clock. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { encodeError, S3Error } from '@cistern/protocol';
import { LIMITS } from '../limits.ts';
import { exchange } from './exchange.testing.ts';
import { replyInTime, sendLate } from './late-reply.ts';
import { ClientGone } from './receive-body.ts';
import { xmlReply } from './reply.ts';
import type { Reply } from './reply.ts';

const OPENING = '<?xml version="1.0" encoding="UTF-8"?>\n';
const DONE = xmlReply(200, `${OPENING}<Result>größe</Result>`);

suite('an answer', () => {
  test('that comes in time is itself, also when it is an error', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    assert.equal(await replyInTime(Promise.resolve(DONE)), DONE);
    await assert.rejects(replyInTime(Promise.reject(new S3Error('InvalidPart'))), { code: 'InvalidPart' });
  });

  test('that does not come in time is late, and still comes', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const outcome = Promise.withResolvers<Reply>();
    const replying = replyInTime(outcome.promise);
    t.mock.timers.tick(LIMITS.lateAfterMs - 1);
    await setImmediate();
    t.mock.timers.tick(1);
    const { status, headers, body } = await replying;
    assert.deepEqual([status, headers], [200, ['Content-Type', 'application/xml']]);
    assert.ok(body.kind === 'late');
    outcome.resolve(DONE);
    assert.equal(await body.outcome, DONE);
  });
});

suite('a late answer', () => {
  const chunk = (text: string): string => {
    const bytes = Buffer.from(text);
    return `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`;
  };

  test('is one document, with white space as long as it takes', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { response, got } = await exchange(t);
    response.writeHead(200);
    const outcome = Promise.withResolvers<Reply>();
    const sending = sendLate(response, outcome.promise);
    await got(/UTF-8"\?>/);
    for (let i = 0; i < 2; i++) {
      t.mock.timers.tick(LIMITS.lateSignMs);
      await got(new RegExp(`(1\r\n \r\n){${i + 1}}`));
    }
    outcome.resolve(DONE);
    const sent = await sending;
    const all = await got(/0\r\n\r\n$/);
    const body = [OPENING, ' ', ' ', '<Result>größe</Result>'];
    assert.ok(all.endsWith(`${body.map(chunk).join('')}0\r\n\r\n`), all);
    assert.equal(sent, Buffer.byteLength(body.join('')));
  });

  test('may end as an error', async (t) => {
    const { response, got } = await exchange(t);
    response.writeHead(200);
    const error = new S3Error('InternalError');
    const xml = encodeError({ error, resource: '/b/k', requestId: '1', hostId: '1' });
    await sendLate(response, Promise.resolve(xmlReply(500, xml)));
    assert.match(await got(/0\r\n\r\n$/), /UTF-8"\?>\n(?:\r\n[0-9a-f]+\r\n)?<Error><Code>InternalError</);
  });

  test('to a client that has gone is told to nobody, and nothing goes on', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const { response, client } = await exchange(t);
    response.writeHead(200);
    const outcome = Promise.withResolvers<Reply>();
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    const sending = sendLate(response, outcome.promise);
    client.destroy();
    await closed;
    t.mock.timers.tick(10 * LIMITS.lateSignMs);
    outcome.resolve(DONE);
    await assert.rejects(sending, (error) => error instanceof ClientGone);
  });
});
