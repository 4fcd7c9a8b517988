/** Content types by the endings of names. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessContentType } from './content-type.ts';

test('the ending of the last segment decides, whatever its case', () => {
  assert.equal(guessContentType('site.d/index.html'), 'text/html');
  assert.equal(guessContentType('PHOTO.JPG'), 'image/jpeg');
  assert.equal(guessContentType('backup.tar.gz'), 'application/gzip');
  for (const key of ['txt', 'a.html/x', '.html', 'x.', 'x.unknown-ending']) {
    assert.equal(guessContentType(key), undefined, key);
  }
});
