/** Attributes as headers of Azure: whatever is kept comes back, under names that Azure takes. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isStoreError } from '../../errors.ts';
import { attributeHeaders, metadataHeaders, ownHeader, ownValue, readAttributes } from './attributes.ts';

const names = fc.stringMatching(/^(?:cistern|_x|_|x5f_|[!#$%&'*+\-.^`|~0-9a-z]){1,8}$/);
const values = fc
  .string({ unit: 'grapheme' })
  .map((text) => text.replaceAll(/\p{Cc}/gu, '').trim())
  .filter((text) => text.isWellFormed());

test('metadata come back as they were, under identifiers and in ASCII', () => {
  fc.assert(
    fc.property(fc.dictionary(names, values), (metadata) => {
      const headers = metadataHeaders(metadata);
      assert.equal(
        Object.keys(headers).length,
        Object.keys(metadata).length,
        'no two names are written alike',
      );
      for (const [name, value] of Object.entries(headers)) {
        assert.match(name, /^x-ms-meta-[a-z_][a-z0-9_]*$/);
        assert.match(value, /^[\u0020-\u007e]+$/);
      }
      assert.deepEqual({ ...readAttributes(headers).metadata }, { ...metadata });
    }),
    { numRuns: 500 },
  );
});

test('names that are identifiers, and ASCII values, are what other programs see', () => {
  assert.deepEqual(metadataHeaders({ colour: 'blue', some_name: 'a b', 'with-dash': '1', '2nd': 'ü' }), {
    'x-ms-meta-colour': 'blue',
    'x-ms-meta-some_name': 'a b',
    'x-ms-meta-with_x2d_dash': '1',
    'x-ms-meta-_x32_nd': "utf-8''%C3%BC",
  });
});

test('values of others that look encoded and are not are given as they are', () => {
  assert.equal(readAttributes({ 'x-ms-meta-a': "utf-8''%zz" }).metadata?.['a'], "utf-8''%zz");
});

test('what is the library’s own is not the caller’s, whatever the caller’s names', () => {
  const headers = {
    ...ownHeader('key', 'mine'),
    ...metadataHeaders({ cistern_key: 'theirs', 'cistern-put': 'too' }),
  };
  assert.equal(ownValue(headers, 'key'), 'mine');
  assert.deepEqual({ ...readAttributes(headers).metadata }, { cistern_key: 'theirs', 'cistern-put': 'too' });
});

test('text that the service cannot keep is refused', () => {
  assert.throws(
    () => attributeHeaders({ contentDisposition: 'attachment; filename="ü"' }, 'put', 'a'),
    (error) => isStoreError(error, 'InvalidArgument'),
  );
});
