/** @module What an object carries, as flags say it. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toAttributes } from './attributes.ts';

test('attributes are those that were given; none are none', () => {
  assert.equal(toAttributes({}), undefined);
  const { contentType, metadata } =
    toAttributes({
      contentType: 'text/plain',
      metadata: ['Camera=X100', 'note=a=b', 'empty='],
    }) ?? {};
  assert.equal(contentType, 'text/plain');
  assert.deepEqual(metadata, { camera: 'X100', note: 'a=b', empty: '' });
});

test('metadata without a name is refused', () => {
  for (const text of ['camera', '=x', '']) assert.throws(() => toAttributes({ metadata: [text] }), /no name/);
});
