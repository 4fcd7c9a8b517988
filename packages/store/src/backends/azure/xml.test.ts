/** What is read from the service's documents. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { elements, textOf } from './xml.ts';

test('elements come in their order, with their content', () => {
  const xml =
    '<?xml version="1.0"?><R><Blobs><Blob><Name>a</Name></Blob><BlobPrefix><Name>b/</Name></BlobPrefix>' +
    '<Blob/><Blob a="1"><Name>c</Name></Blob></Blobs></R>';
  assert.deepEqual(
    [...elements(xml, ['Blob', 'BlobPrefix'])].map(({ name, content }) => [name, textOf(content, 'Name')]),
    [
      ['Blob', 'a'],
      ['BlobPrefix', 'b/'],
      ['Blob', 'c'],
    ],
  );
});

test('text: references, blanks, encoded names, and nothing at all', () => {
  assert.equal(textOf('<N>a &amp;&lt;&#x41;&#66;&gt; &unknown;</N>', 'N'), 'a &<AB> &unknown;');
  assert.equal(textOf('<Name2>x</Name2><Name> y </Name>', 'Name'), ' y ');
  assert.equal(textOf('<Name Encoded="true">a%EF%BF%BF</Name>', 'Name'), 'a\uffff');
  assert.equal(textOf('<Name>a%20b</Name>', 'Name'), 'a%20b');
  assert.equal(textOf('<Name />', 'Name'), '');
  assert.equal(textOf('<Other/>', 'Name'), undefined);
  assert.equal(textOf('<Name>cut', 'Name'), undefined);
});
