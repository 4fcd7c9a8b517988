/** @module Tests of the settings of a peer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePeer } from './peer.ts';

test('an address and its keys are enough', () => {
  const peer = parsePeer('minio=http://127.0.0.1:9000,id,secret');
  assert.equal(peer.name, 'minio');
  assert.equal(peer.endpoint.href, 'http://127.0.0.1:9000/');
  assert.deepEqual([peer.accessKeyId, peer.secretAccessKey, peer.region], ['id', 'secret', 'us-east-1']);
  assert.deepEqual([peer.syncs, peer.durability, peer.start], [false, 'not stated', undefined]);
});

test('settings come in any order, and may hold commas and equals signs', () => {
  const peer = parsePeer(
    'x=http://h:1,id,secret,start=A=1 run --all, --now,syncs=yes,durability=files, not directories,pid=7,only=put,get',
  );
  assert.equal(peer.start, 'A=1 run --all, --now');
  assert.equal(peer.durability, 'files, not directories');
  assert.equal(peer.syncs, true);
  assert.equal(peer.pid, 7);
  assert.deepEqual([...(peer.only ?? [])], ['put', 'get']);
});

test('what is missing or unknown is refused', () => {
  for (const text of [
    '',
    'minio',
    'minio=127.0.0.1,id,secret',
    'minio=http://h:1,id',
    'minio=http://h:1,id,secret,more',
    'minio=http://h:1,id,secret,syncs=maybe',
    'minio=http://h:1,id,secret,pid=none',
    'minio=http://h:1,id,secret,only=puts',
  ]) {
    assert.throws(() => parsePeer(text), text);
  }
});
