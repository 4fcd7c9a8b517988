/** Bodies as clients send them: plain and aws-chunked, too short and too long, withheld and left in the middle. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { ChunkedEncoder, RawHeaders, S3Error, signRequest } from '@cistern/protocol';
import { exchange } from './exchange.testing.ts';
import type { Exchange } from './exchange.testing.ts';
import { ClientGone } from './receive-body.ts';
import type { ChunkTaker } from './receive-body.ts';
import { RequestBody } from './request-body.ts';

const BODY = randomBytes(300_000);
const CRC = 'x-amz-checksum-crc32';

const SIGNING = signRequest({
  method: 'PUT',
  target: '/',
  headers: [['host', 'localhost']],
  payload: 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  credentials: { accessKeyId: 'somebody', secretAccessKey: 'secret' },
  region: 'us-east-1',
  now: 0,
}).chunkContext;

interface Sent extends Exchange {
  readonly body: RequestBody;
}

async function send(
  t: TestContext,
  headers: Readonly<Record<string, string>>,
  after: string | Buffer = '',
): Promise<Sent> {
  const arrived = await exchange(t, headers, after);
  return { ...arrived, body: new RequestBody(arrived) };
}

function sendPlain(t: TestContext, bytes: Buffer, announced = bytes.length): Promise<Sent> {
  return send(t, { 'Content-Length': String(announced) }, bytes);
}

/** BODY in chunks of 64 KiB, signed or followed by a trailer. @param bend changes the framed body */
async function sendChunked(
  t: TestContext,
  form: { signed: boolean; trailer: boolean },
  bend: (framed: Buffer) => Buffer = (framed) => framed,
): Promise<Sent> {
  const encoder = new ChunkedEncoder({ signed: form.signed ? SIGNING : undefined, trailer: form.trailer });
  const frames: Uint8Array[] = [];
  for (let at = 0; at < BODY.length; at += 65_536)
    frames.push(...encoder.chunk(BODY.subarray(at, at + 65_536)));
  frames.push(encoder.end(form.trailer ? [[CRC, 'AAAAAA==']] : []));
  const framed = bend(Buffer.concat(frames));
  const trailer: Record<string, string> = form.trailer ? { 'x-amz-trailer': ` ${CRC.toUpperCase()} ,` } : {};
  const sent = await send(t, { 'Content-Length': String(framed.length), ...trailer }, framed);
  sent.body.payload = { kind: 'chunked', ...form };
  sent.body.chunkContext = form.signed ? SIGNING : undefined;
  return sent;
}

/** Keeps copies of what it is given. */
class Collector implements ChunkTaker {
  readonly keeps = false;
  readonly slices: Buffer[] = [];
  take(slice: Buffer): undefined {
    this.slices.push(Buffer.from(slice));
  }
  get bytes(): Buffer {
    return Buffer.concat(this.slices);
  }
}

/** For `assert.rejects`. */
const withCode =
  (code: string) =>
  (error: unknown): boolean =>
    S3Error.isS3Error(error) && error.code === code;

suite('a plain body', () => {
  test('is handed over whole, and counted', async (t) => {
    const { body } = await sendPlain(t, BODY);
    assert.equal(body.finished, false);
    const taker = new Collector();
    const trailers = await body.receive(BODY.length, taker);
    assert.ok(taker.bytes.equals(BODY));
    assert.equal(trailers.size, 0);
    assert.equal(body.received, BODY.length);
    assert.equal(body.finished, true);
  });

  test('of no bytes has nothing to be read', async (t) => {
    for (const headers of [{}, { 'Content-Length': '0' }]) {
      const { body } = await send(t, headers);
      assert.equal(body.finished, true);
      const taker = new Collector();
      await body.receive(0, taker);
      assert.deepEqual(taker.slices, []);
      assert.equal(body.finished, true);
    }
  });

  test('that is shorter than it should be is refused', async (t) => {
    const { body } = await sendPlain(t, BODY);
    await assert.rejects(body.receive(BODY.length + 1, new Collector()), withCode('IncompleteBody'));
    assert.equal(body.finished, true);
  });

  test('that is longer is refused before the excess is taken', async (t) => {
    const { body } = await sendPlain(t, BODY);
    const taker = new Collector();
    await assert.rejects(body.receive(BODY.length - 1, taker), withCode('IncompleteBody'));
    assert.ok(taker.bytes.length < BODY.length);
    assert.equal(body.finished, false);
  });

  test('whose client goes away is nobody’s', async (t) => {
    const { body, client } = await sendPlain(t, BODY.subarray(0, 1000), BODY.length);
    const received = body.receive(BODY.length, new Collector());
    client.destroy();
    await assert.rejects(received, ClientGone);
    assert.equal(body.finished, false);
  });

  test('stays in memory as long as its taker keeps it', async (t) => {
    for (const keeps of [true, false]) {
      const { body } = await sendPlain(t, BODY);
      const slices: Buffer[] = [];
      const take = (slice: Buffer): undefined => void slices.push(slice);
      await body.receive(BODY.length, { take, keeps });
      assert.equal(
        slices.some(({ length }) => length === 0),
        !keeps,
      );
    }
  });
});

suite('a chunked body', () => {
  for (const form of [
    { signed: true, trailer: false },
    { signed: true, trailer: true },
    { signed: false, trailer: true },
  ]) {
    const name = `${form.signed ? 'signed' : 'unsigned'}, ${form.trailer ? 'with' : 'without'} a trailer`;
    test(`${name}: comes without its framing, at the pace of who takes it`, async (t) => {
      const { body } = await sendChunked(t, form);
      const slices: Buffer[] = [];
      let taking = 0;
      const take = (slice: Buffer): Promise<void> | undefined => {
        assert.equal(taking, 0);
        slices.push(Buffer.from(slice));
        if (slices.length % 3 === 0) return undefined;
        taking++;
        return setImmediate().then(() => void taking--);
      };
      const trailers = await body.receive(BODY.length, { take, keeps: false });
      assert.ok(Buffer.concat(slices).equals(BODY));
      assert.deepEqual([...trailers], form.trailer ? [[CRC, 'AAAAAA==']] : []);
      assert.ok(body.received > BODY.length, 'what came over the wire is counted');
      assert.equal(body.finished, true);
    });
  }

  test('that its taker keeps is not overwritten', async (t) => {
    const { body } = await sendChunked(t, { signed: true, trailer: false });
    const slices: Buffer[] = [];
    const take = (slice: Buffer): undefined => void slices.push(slice);
    await body.receive(BODY.length, { take, keeps: true });
    assert.ok(Buffer.concat(slices).equals(BODY));
  });

  test('with a byte changed is refused by its signature', async (t) => {
    const { body } = await sendChunked(t, { signed: true, trailer: false }, (framed) => {
      framed.writeUInt8(framed.readUInt8(200_000) ^ 1, 200_000);
      return framed;
    });
    await assert.rejects(body.receive(BODY.length, new Collector()), withCode('SignatureDoesNotMatch'));
  });

  test('has to have the length that was announced, and an end', async (t) => {
    const form = { signed: false, trailer: true };
    for (const length of [BODY.length - 1, BODY.length + 1]) {
      const { body } = await sendChunked(t, form);
      await assert.rejects(body.receive(length, new Collector()), withCode('IncompleteBody'));
    }
    const { body } = await sendChunked(t, form, (framed) => framed.subarray(0, framed.length - 40));
    await assert.rejects(body.receive(BODY.length, new Collector()), withCode('IncompleteBody'));
    assert.equal(body.finished, true);
  });

  test('may have its trailer announced by the query of a presigned URL', async (t) => {
    const { body } = await sendChunked(t, { signed: false, trailer: true });
    body.headers = RawHeaders.from([['x-amz-trailer', 'x-amz-checksum-sha256']]);
    await assert.rejects(body.receive(BODY.length, new Collector()), withCode('MalformedTrailerError'));
  });

  test('whose taker fails in the midst of a chunk stops there', async (t) => {
    const { body } = await sendChunked(t, { signed: false, trailer: true });
    let taken = 0;
    const take = async (): Promise<void> => {
      await setImmediate();
      if (++taken === 2) throw new Error('full');
    };
    await assert.rejects(body.receive(BODY.length, { take, keeps: false }), { message: 'full' });
    assert.equal(taken, 2);
    assert.equal(body.finished, false);
  });
});

suite('a client that waits to be told to go on', () => {
  const HEADERS = { 'Content-Length': '5', Expect: '100-continue' };

  test('is told when its body is asked for', async (t) => {
    const { body, client, got, expectsContinue } = await send(t, HEADERS);
    assert.ok(expectsContinue);
    assert.equal(body.withheld, true);
    const taker = new Collector();
    const received = body.receive(5, taker);
    assert.equal(body.withheld, false);
    assert.equal(await got(/\r\n\r\n/), 'HTTP/1.1 100 Continue\r\n\r\n');
    client.write('hello');
    await received;
    assert.equal(taker.bytes.toString(), 'hello');
  });

  test('and is answered before that is not told, and its body not waited for', async (t) => {
    const { body, response, got } = await send(t, HEADERS);
    assert.equal(await body.discard(1000), false);
    response.end();
    assert.match(await got(/\r\n\r\n/), /^HTTP\/1\.1 200 OK\r\n/);
    assert.equal(body.received, 0);
  });

  test('one that does not is not told anything', async (t) => {
    const { body, response, got } = await send(t, { 'Content-Length': '5' }, 'hello');
    assert.equal(body.withheld, false);
    await body.receive(5, new Collector());
    response.end();
    assert.match(await got(/\r\n\r\n/), /^HTTP\/1\.1 200 OK\r\n/);
  });
});

suite('the rest of a refused body', () => {
  test('is read to its end, so that the connection can be used again', async (t) => {
    const { body, request } = await sendPlain(t, BODY);
    assert.equal(await body.discard(BODY.length), true);
    assert.equal(body.leavesMoreThan(0), false);
    assert.ok(request.readableEnded);
  });

  test('in chunks of HTTP is read, too', async (t) => {
    const { body, request } = await send(t, { 'Transfer-Encoding': 'chunked' }, '5\r\nhello\r\n0\r\n\r\n');
    assert.equal(body.finished, false);
    assert.equal(body.leavesMoreThan(0), false, 'nobody knows');
    assert.equal(await body.discard(5), true);
    assert.ok(request.readableEnded);
  });

  test('is read after a part of it was taken', async (t) => {
    const { body, request } = await sendPlain(t, BODY);
    const take = (): never => {
      throw new Error('no');
    };
    await assert.rejects(body.receive(BODY.length, { take, keeps: false }), { message: 'no' });
    assert.equal(await body.discard(BODY.length), true);
    assert.ok(request.readableEnded);
  });

  test('is not read when it is long, which is known before', async (t) => {
    const { body, request } = await sendPlain(t, BODY);
    assert.equal(body.leavesMoreThan(BODY.length), false);
    assert.equal(body.leavesMoreThan(BODY.length - 1), true);
    assert.equal(await body.discard(BODY.length - 1), false);
    assert.ok(!request.readableEnded);
  });

  test('is not waited for when its client has gone, or stalls', async (t) => {
    const gone = await sendPlain(t, BODY.subarray(1), BODY.length);
    gone.client.destroy();
    assert.equal(await gone.body.discard(BODY.length), false);
    assert.equal(await gone.body.discard(BODY.length), false);
    const stalling = await sendPlain(t, BODY.subarray(0, 10), BODY.length);
    const discarded = stalling.body.discard(BODY.length);
    stalling.pass(10_001);
    assert.equal(await discarded, false);
  });

  test('is nothing after a body that was whole, or none', async (t) => {
    const { body } = await sendPlain(t, BODY);
    await body.receive(BODY.length, new Collector());
    assert.equal(await body.discard(0), true);
    assert.equal(await (await send(t, {})).body.discard(0), true);
  });
});
