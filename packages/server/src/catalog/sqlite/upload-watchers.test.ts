/** Who is told of the changes of which upload: within the writer thread, and by it across ports. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { TestContext } from 'node:test';
import { MessageChannel } from 'node:worker_threads';

import { eventually } from '../../../../../tests/support/eventually.ts';
import { withCode } from '../requests.fixtures.ts';
import type { UploadChange } from '../uploads.ts';
import type { WriterReply, WriterRequest } from './port-protocol.ts';
import { UploadWatchers } from './upload-watchers.ts';
import { WriterClient } from './writer-client.ts';

const part = (upload: number, number: number): UploadChange => ({ upload, part: number });
const end = (upload: number): UploadChange => ({ upload, part: null });

suite('watchers of uploads', () => {
  test('are told of theirs, all of a commit at once, and of no others', () => {
    const watchers = new UploadWatchers();
    const one: (readonly UploadChange[])[] = [];
    const both: (readonly UploadChange[])[] = [];
    watchers.watch(1, (changes) => one.push(changes));
    const tell = (changes: readonly UploadChange[]): unknown => both.push(changes);
    watchers.watch(1, tell);
    watchers.watch(2, tell);
    watchers.changed([part(1, 1), part(3, 1), part(2, 7), part(1, 2)]);
    assert.deepEqual(one, [[part(1, 1), part(1, 2)]]);
    assert.deepEqual(both, [[part(1, 1), part(2, 7), part(1, 2)]]);
    watchers.unwatch(1, tell);
    watchers.changed([part(1, 3)]);
    assert.equal(one.length, 2);
    assert.equal(both.length, 1);
  });

  test('are told of an end when nothing is committed any more, and so are those who come then', () => {
    const watchers = new UploadWatchers();
    const told: UploadChange[] = [];
    const tell = (changes: readonly UploadChange[]): unknown => told.push(...changes);
    watchers.watch(1, tell);
    watchers.watch(2, tell);
    watchers.stop();
    assert.deepEqual(told, [end(1), end(2)]);
    watchers.watch(3, tell);
    assert.deepEqual(told.slice(2), [end(3)]);
  });
});

interface Fixture {
  readonly client: WriterClient;
  readonly watchers: UploadWatchers;
  /** What the client asked for. */
  readonly asked: readonly WriterRequest[];
  readonly closePort: () => void;
}

/** A client whose port ends in the same thread. */
function connect(t: TestContext): Fixture {
  const { port1, port2 } = new MessageChannel();
  const watchers = new UploadWatchers();
  const asked: WriterRequest[] = [];
  const send = (reply: WriterReply): void => port2.postMessage(reply);
  const tell = (changes: readonly UploadChange[]): void => send({ changes });
  port2.on('message', (request: WriterRequest) => {
    asked.push(request);
    if ('watch' in request) {
      watchers.watch(request.watch, tell);
      send({ watched: request.watch });
    } else if ('unwatch' in request) {
      watchers.unwatch(request.unwatch, tell);
    }
  });
  t.after(() => port1.close());
  return { client: new WriterClient(port1), watchers, asked, closePort: () => port2.close() };
}

suite('a client of the writer', () => {
  test('asks once for all listeners of an upload, and lets go with the last', async (t) => {
    const { client, watchers, asked } = connect(t);
    const told: [string, UploadChange][] = [];
    const listen = (name: string) => (change: UploadChange) => told.push([name, change]);
    const [stopA, stopB] = await Promise.all([
      client.watchUpload(7, listen('a')),
      client.watchUpload(7, listen('b')),
    ]);
    watchers.changed([part(7, 1)]);
    await eventually(() => assert.equal(told.length, 2));
    stopA();
    stopA();
    watchers.changed([part(7, 2)]);
    await eventually(() => assert.deepEqual(told.at(-1), ['b', part(7, 2)]));
    stopB();
    await eventually(() => assert.deepEqual(asked, [{ watch: 7 }, { unwatch: 7 }]));
    const again = await client.watchUpload(7, listen('c'));
    stopB();
    watchers.changed([part(7, 3)]);
    await eventually(() => assert.deepEqual(told.at(-1), ['c', part(7, 3)]));
    assert.equal(told.length, 4);
    again();
    await eventually(() => assert.equal(asked.length, 4));
  });

  test('tells of an end when the writer goes away, also who is only beginning to listen', async (t) => {
    const { client, closePort } = connect(t);
    const told: UploadChange[] = [];
    await client.watchUpload(1, (change) => told.push(change));
    closePort();
    const late = client.watchUpload(2, (change) => told.push(change));
    await late;
    assert.deepEqual(told, [end(1), end(2), end(2)]);
    await assert.rejects(
      client.watchUpload(3, () => undefined),
      withCode('Stopped'),
    );
  });
});
