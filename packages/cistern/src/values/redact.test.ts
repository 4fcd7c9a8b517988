/** Secrets in URLs. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayHaveSecret, redact } from './redact.ts';

test('what stands before a host is not repeated, and what stands in a key is', () => {
  assert.equal(redact('see https://me:pass@host:9000/a and b'), 'see https://***@host:9000/a and b');
  assert.equal(redact('"s3://AKIA:se@cret@bucket"'), '"s3://***@bucket"');
  assert.equal(redact('s3://AKIA:se/cret@bucket/key now'), 's3://*** now');
  assert.equal(redact('HTTP://token@host'), 'HTTP://***@host');
  const clean = [
    's3://bucket/me@example.com',
    'mail me@example.com',
    'prod:bucket/a@b',
    'https://host:80/x:y@z',
  ];
  for (const text of [...clean, 'http://127.0.0.1:9000', 'at http://h:9000: no', 'http://[::1]:9000/']) {
    assert.equal(redact(text), text);
    assert.equal(mayHaveSecret(text), false);
  }
});
