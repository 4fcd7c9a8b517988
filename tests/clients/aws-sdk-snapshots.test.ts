/**
 * @module @aws-sdk/client-s3 against the server: snapshots and forks, made by commands that are given a parameter of ours,
 * and read by those that every program uses.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  paginateListObjectsV2,
  PutObjectCommand,
} from '@aws-sdk/client-s3';

import { needsOwnServer, startTestServer } from '../support/server.ts';
import { createSdkClient, sdkError } from './aws-sdk.ts';

const { s3: server } = await startTestServer();
const client = createSdkClient(server);
const options = { skip: needsOwnServer };

/** A request on the bucket with parameters and headers that the SDK does not know. */
async function ask(
  Bucket: string,
  query: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<void> {
  const command = new CreateBucketCommand({ Bucket });
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { query: Record<string, string>; headers: Record<string, string> };
      Object.assign(request.query, query);
      Object.assign(request.headers, headers);
      return next(args);
    },
    { step: 'build' },
  );
  await client.send(command);
}

async function keys(Bucket: string): Promise<(string | undefined)[]> {
  const found: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket })) {
    found.push(...(page.Contents ?? []).map(({ Key }) => Key));
  }
  return found;
}

async function read(Bucket: string, Key: string): Promise<string | undefined> {
  return (await client.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString();
}

test('a snapshot is read as a bucket, copied from, and not written to', options, async () => {
  const Bucket = 'sdk.snapshots';
  await client.send(new CreateBucketCommand({ Bucket }));
  for (const Key of ['a', 'b/c', 'd']) await client.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
  await ask(Bucket, { 'cistern-snapshot': '2026-01-31' });
  await client.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'after' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'd' }));

  const snapshot = `${Bucket}--2026-01-31--snap`;
  await client.send(new HeadBucketCommand({ Bucket: snapshot }));
  assert.deepEqual(await keys(snapshot), ['a', 'b/c', 'd']);
  assert.equal(await read(snapshot, 'a'), 'a');
  const head = await client.send(
    new HeadObjectCommand({ Bucket: snapshot, Key: 'd', ChecksumMode: 'ENABLED' }),
  );
  assert.equal(head.ContentLength, 1);
  assert.ok(head.ChecksumCRC32);
  const CopySource = `${snapshot}/d`;
  await client.send(new CopyObjectCommand({ Bucket, Key: 'd', CopySource }));
  assert.equal(await read(Bucket, 'd'), 'd');

  const refused = sdkError('MethodNotAllowed', 405);
  await assert.rejects(client.send(new PutObjectCommand({ Bucket: snapshot, Key: 'x', Body: 'x' })), refused);
  const Delete = { Objects: [{ Key: 'a' }] };
  await assert.rejects(client.send(new DeleteObjectsCommand({ Bucket: snapshot, Delete })), refused);
  await assert.rejects(
    ask(Bucket, { 'cistern-snapshot': '2026-01-31' }),
    sdkError('SnapshotAlreadyExists', 409),
  );
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  assert.deepEqual(
    Buckets?.map(({ Name }) => Name),
    [Bucket],
  );
});

test('a fork is a bucket like any other', options, async () => {
  const Bucket = 'sdk-forked';
  await client.send(new CreateBucketCommand({ Bucket }));
  await client.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'before' }));
  await ask('sdk-fork', { 'cistern-fork': '' }, { 'x-cistern-fork-source': Bucket });
  await client.send(new PutObjectCommand({ Bucket: 'sdk-fork', Key: 'k', Body: 'after' }));
  assert.equal(await read('sdk-fork', 'k'), 'after');
  assert.equal(await read(Bucket, 'k'), 'before');
});
