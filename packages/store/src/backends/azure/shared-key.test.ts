/** What is signed, and how: against strings written out by hand from Azure's rules. Signatures themselves are checked by Azurite. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blobSasQuery, sharedKeyAuthorization, stringToSign } from './shared-key.ts';

test('the string that is signed has every header in its place', () => {
  const text = stringToSign({
    method: 'PUT',
    account: 'acc',
    path: '/box/a%20b',
    query: { comp: 'block', blockid: 'AA==' },
    headers: {
      'content-length': '5',
      'if-match': '"0x1"',
      'x-ms-version': '2026-02-06',
      'x-ms-date': 'Sat, 21 Nov 2026 10:00:00 GMT',
      'x-ms-meta-a1': 'one',
      'x-ms-meta-a_b': 'two',
    },
  });
  assert.equal(
    text,
    'PUT\n\n\n5\n\n\n\n\n"0x1"\n\n\n\n' +
      'x-ms-date:Sat, 21 Nov 2026 10:00:00 GMT\nx-ms-meta-a_b:two\nx-ms-meta-a1:one\nx-ms-version:2026-02-06\n' +
      '/acc/box/a%20b\nblockid:AA==\ncomp:block',
  );
});

test('no length is signed for an empty body', () => {
  const request = { method: 'PUT', account: 'acc', path: '/box', query: {} };
  const signed = stringToSign({ ...request, headers: { 'content-length': '0' } });
  assert.equal(signed, stringToSign({ ...request, headers: {} }));
});

test('the signature is of the account, and changes with the key', () => {
  const request = { method: 'GET', account: 'acc', path: '/box', query: {}, headers: {} };
  const one = sharedKeyAuthorization(request, Buffer.from('one'));
  assert.match(one, /^SharedKey acc:[A-Za-z0-9+/]{43}=$/);
  assert.notEqual(one, sharedKeyAuthorization(request, Buffer.from('two')));
});

test('a signed URL says for how long and for what', () => {
  const query = blobSasQuery(
    {
      account: 'acc',
      container: 'box',
      blob: 'a b',
      permissions: 'r',
      expiresAt: new Date('2026-11-21T10:00:00.999Z'),
    },
    Buffer.from('key'),
  );
  const { sig, ...others } = query;
  assert.deepEqual(others, { sv: '2020-12-06', se: '2026-11-21T10:00:00Z', sr: 'b', sp: 'r' });
  assert.match(sig ?? '', /^[A-Za-z0-9+/]{43}=$/);
});
