/** Stores in folders by URL and by path. */

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { open } from './open.ts';
import { rejects } from './testing/context.ts';

const root = await mkdtemp(join(tmpdir(), 'cistern-open-'));
after(() => rm(root, { recursive: true }));

test('a folder by its path, and by a file URL', async () => {
  await using store = await open(join(root, 'a b'));
  await store.put('key', 'x');
  assert.equal(await readFile(join(root, 'a b', 'key'), 'utf8'), 'x');
  const url = pathToFileURL(join(root, 'a b'));
  await using same = await open(`${url.href}?durable=false&portable=true`);
  assert.equal(await same.get('key').text(), 'x');
  assert.equal(same.capabilities.durable, false);
  assert.equal(same.toString(), `files(${JSON.stringify(join(root, 'a b'))})`);
});

test('hashed folders by URL, also by content', async () => {
  const url = pathToFileURL(join(root, 'hashed')).href.replace('file:', 'hashed:');
  await using store = await open(url);
  await store.put('key', 'x');
  assert.equal(await store.get('key').text(), 'x');
  await using content = await open(`${url}-by-content?content=true`);
  await rejects(content.put('key', 'x'), 'InvalidKey');
});

test('what a URL asks for is done or refused', async () => {
  await rejects(open('file:///x?durable=maybe'), 'InvalidArgument');
  await rejects(open('file:///x?fast=true'), 'InvalidArgument');
  await rejects(open('hashed://host/x'), 'InvalidArgument');
  await rejects(open('hashed:///x?portable=true'), 'InvalidArgument');
});
