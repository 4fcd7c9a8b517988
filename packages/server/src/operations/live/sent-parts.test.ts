/** What a follower remembers of the parts that it was sent. */

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';

import { multipartETag } from '@cistern/protocol';
import { SentParts } from './sent-parts.ts';

test('each part is told from others, by its size and by its ETag, however many there are', () => {
  const sent = new SentParts();
  const parts = Array.from({ length: 100 }, (_, i) => ({
    size: 5 * 1024 ** 3 - i,
    etag: hash('md5', `${i}`),
  }));
  for (const part of parts) sent.push(part);
  assert.equal(sent.length, 100);
  assert.equal(
    sent.size,
    parts.reduce((sum, { size }) => sum + size, 0),
  );
  assert.equal(sent.etag, multipartETag(parts.map(({ etag }) => etag)));
  for (const [i, part] of parts.entries()) {
    assert.ok(sent.isSame(i + 1, part));
    assert.ok(!sent.isSame(i + 1, { ...part, size: part.size + 1 }));
    assert.ok(!sent.isSame(i + 1, { ...part, etag: hash('md5', 'other') }));
    assert.ok(!sent.isSame(i + 1, undefined));
  }
});
