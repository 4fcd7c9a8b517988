/** Tokens: asked for once, kept while they are good, and sent with every request. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { azure } from '../../azure.ts';
import { isStoreError } from '../../errors.ts';
import { Tokens } from './tokens.ts';

const HOUR_MS = 3_600_000;

test('many requests ask for one token, which is kept until it is about to end', async () => {
  const scopes: unknown[] = [];
  let lifetimeMs = HOUR_MS;
  const tokens = new Tokens({
    getToken: (scope) => {
      scopes.push(scope);
      return Promise.resolve({ token: `t${scopes.length}`, expiresOnTimestamp: Date.now() + lifetimeMs });
    },
  });
  lifetimeMs = 60_000;
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ['t1', 't1']);
  lifetimeMs = HOUR_MS;
  assert.equal(await tokens.get(), 't2', 'one that ends within minutes is renewed');
  assert.equal(await tokens.get(), 't2');
  assert.deepEqual(scopes, ['https://storage.azure.com/.default', 'https://storage.azure.com/.default']);
});

test('a credential without a token is Unauthenticated, and asked again the next time', async () => {
  const answers = [Promise.reject(new Error('no network')), Promise.resolve(null)];
  for (const answer of answers) answer.catch(() => undefined);
  const tokens = new Tokens({
    getToken: () => answers.shift() ?? Promise.resolve({ token: 't', expiresOnTimestamp: 0 }),
  });
  await assert.rejects(
    tokens.get(),
    (error) => isStoreError(error, 'Unauthenticated') && /no network/.test(error.message),
  );
  await assert.rejects(tokens.get(), (error) => isStoreError(error, 'Unauthenticated'));
  assert.equal(await tokens.get(), 't');
});

test('the token goes with requests, and the error of one without names operation and key', async () => {
  const seen: unknown[] = [];
  const server = createServer(({ headers }, answer) => {
    seen.push(headers.authorization);
    answer.writeHead(404, { 'x-ms-error-code': 'BlobNotFound' }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let token: string | undefined = 'secret';
  await using store = azure({
    endpoint: `http://127.0.0.1:${port}/acc`,
    container: 'box',
    credential: {
      getToken: () => Promise.resolve(token === undefined ? null : { token, expiresOnTimestamp: 0 }),
    },
  });
  await assert.rejects(store.head('a'), (error) => isStoreError(error, 'NotFound'));
  assert.deepEqual(seen, ['Bearer secret']);
  token = undefined;
  await assert.rejects(
    store.head('a'),
    (error) => isStoreError(error, 'Unauthenticated') && error.key === 'a' && error.operation === 'get',
  );
  assert.equal(seen.length, 1);
  await store.close();
  server.close();
  await once(server, 'close');
});
