/** Text in headers: what is written is read again, by us and by what S3 makes of it. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { decodeMetadata, decodeUtf8, encodeMetadata, encodeUtf8 } from './metadata-text.ts';

suite('text in headers', () => {
  test('metadata of any text is printable ASCII on the wire, and comes back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (text) => {
        const value = text.toWellFormed();
        const raw = encodeMetadata(value);
        assert.match(raw, /^[\u0020-\u007e]*$/);
        for (const word of raw.match(/=\?\S*\?=/g) ?? []) assert.ok(raw === value || word.length <= 75, word);
        assert.equal(decodeMetadata(raw), value);
      }),
      { numRuns: 500 },
    );
  });

  test('plain text stays as it is, and what looks like an encoded word is not taken for one', () => {
    assert.equal(encodeMetadata('a b; c=d?'), 'a b; c=d?');
    const sly = 'x =?UTF-8?B?YQ==?= y';
    assert.equal(decodeMetadata(encodeMetadata(sly)), sly);
  });

  test('what others write: quoted words, a long word, characters that are cut, bytes of UTF-8', () => {
    assert.equal(decodeMetadata('=?utf-8?q?Z=C3=BCrich_=3F?='), 'Zürich ?');
    assert.equal(
      decodeMetadata('=?UTF-8?B?w4PChE3Dg8KEWsODwpXDg8KRIFMz?='),
      'Ã\u0084MÃ\u0084ZÃ\u0095Ã\u0091 S3',
    );
    assert.equal(decodeMetadata('=?UTF-8?B?w7w=?= =?UTF-8?B?w7w=?='), 'üü');
    assert.equal(decodeMetadata('=?UTF-8?Q?=C3?= =?UTF-8?Q?=BC?='), 'ü');
    assert.equal(decodeMetadata(Buffer.from('Zürich').toString('latin1')), 'Zürich');
    assert.equal(decodeUtf8('Z\u00fcrich'), 'Zürich', 'latin1 that is no UTF-8');
    assert.equal(decodeUtf8(encodeUtf8('🚰')), '🚰');
  });
});
