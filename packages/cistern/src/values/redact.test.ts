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

test('what signs a URL is not repeated', () => {
  assert.equal(
    redact('"https://a.net/c/b?sv=1&sig=ab%2Bc&se=2" is no place'),
    '"https://a.net/c/b?sv=1&sig=***&se=2" is no place',
  );
  assert.equal(
    redact(
      'https://h/b/k?X-Amz-Credential=AKIA%2F1&X-Amz-Date=2&X-Amz-Security-Token=t&X-Amz-Signature=00ff',
    ),
    'https://h/b/k?X-Amz-Credential=***&X-Amz-Date=2&X-Amz-Security-Token=***&X-Amz-Signature=***',
  );
  assert.equal(
    redact('AccountName=a;AccountKey=a+b/c==;EndpointSuffix=x'),
    'AccountName=a;AccountKey=***;EndpointSuffix=x',
  );
  assert.equal(mayHaveSecret('az://c?sig=x'), true);
  assert.equal(mayHaveSecret('s3://b/a?design=x&sigma=y'), false);
});
