/** Access lines: JSON whatever a request says, in pino's shape. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';

import { accessLine } from './access-line.ts';
import type { Access } from './access-line.ts';

const ACCESS: Access = {
  requestId: '76E8A357000000AG',
  method: 'GET',
  target: '/photos/a.jpg?X-Amz-Signature=secret',
  operation: 'GetObject',
  status: 200,
  errorCode: undefined,
  user: 'root',
  received: 0,
  sent: 4096,
  durationMs: 1.23456,
  client: '127.0.0.1',
};

test('every field, and nothing of the query', () => {
  const line = accessLine(ACCESS, 1_700_000_000_000);
  assert.ok(line.endsWith('}\n'));
  assert.deepEqual(JSON.parse(line), {
    level: 30,
    time: 1_700_000_000_000,
    requestId: '76E8A357000000AG',
    method: 'GET',
    path: '/photos/a.jpg',
    operation: 'GetObject',
    status: 200,
    user: 'root',
    received: 0,
    sent: 4096,
    ms: 1.235,
    client: '127.0.0.1',
    msg: 'request',
  });
});

test('a refusal has its code, and no user when nobody was recognised', () => {
  const refused = { ...ACCESS, status: 403, errorCode: 'AccessDenied', user: undefined, client: undefined };
  const fields = JSON.parse(accessLine(refused, 0)) as Record<string, unknown>;
  assert.equal(fields['errorCode'], 'AccessDenied');
  assert.ok(!('user' in fields) && !('client' in fields));
});

test('is one line of JSON, whatever the path, the user and the address are', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 50 });
  fc.assert(
    fc.property(anything, anything, anything, (path, user, client) => {
      const line = accessLine({ ...ACCESS, target: path.replaceAll('?', ''), user, client }, 0);
      assert.equal(line.indexOf('\n'), line.length - 1);
      const fields = JSON.parse(line) as Record<string, unknown>;
      assert.deepEqual(
        [fields['path'], fields['user'], fields['client']],
        [path.replaceAll('?', ''), user, client],
      );
    }),
  );
});

test('holds nothing that a terminal would obey', () => {
  const path = `/b/${String.fromCharCode(...Array.from({ length: 0xa0 }, (_, code) => code))}`.replace(
    '?',
    '',
  );
  const line = accessLine({ ...ACCESS, target: path }, 0);
  // oxlint-disable-next-line no-control-regex -- they are what it looks for
  assert.doesNotMatch(line.trimEnd(), /[\u0000-\u001f\u007f-\u009f]/);
  assert.equal((JSON.parse(line) as { path: string }).path, path);
});

test('has room for every path that names an object, and for no more', () => {
  const longest = `/${'b'.repeat(63)}/${'%C3'.repeat(1024)}`;
  const pathOf = (target: string) =>
    (JSON.parse(accessLine({ ...ACCESS, target }, 0)) as { path: string }).path;
  assert.equal(pathOf(`${longest}?a=b`), longest);
  assert.equal(pathOf(`/${'x'.repeat(30_000)}`).length, 4096);
});
