/** @module The document of tags: what comes in, and that what goes out reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { encodeTagging, parseTaggingDocument } from './tagging.ts';
import type { Tag } from '../tags.ts';

const tag = (key: string, value: string): string => `<Tag><Key>${key}</Key><Value>${value}</Value></Tag>`;
const document = (inner: string): Buffer => Buffer.from(`<Tagging><TagSet>${inner}</TagSet></Tagging>`);

test('tags come back as they were given, in their order', () => {
  for (const tags of [
    [],
    [['k', '']],
    [
      ['b', 'two words'],
      ['a', 'ü'],
      ['Ä', '=@'],
    ],
  ] as Tag[][]) {
    assert.deepEqual(parseTaggingDocument(Buffer.from(encodeTagging(tags)), 'Object'), tags);
  }
  assert.match(encodeTagging([['a', '<&']]), /<Value>&lt;&amp;<\/Value>/);
});

test('no set is no tags', () => {
  assert.deepEqual(parseTaggingDocument(Buffer.from('<Tagging/>'), 'Object'), []);
});

test('an object has 10, a bucket 50', () => {
  const many = (count: number): Buffer =>
    document(Array.from({ length: count }, (_, i) => tag(`k${i}`, 'v')).join(''));
  assert.equal(parseTaggingDocument(many(10), 'Object').length, 10);
  assert.equal(parseTaggingDocument(many(50), 'Bucket').length, 50);
  assert.throws(() => parseTaggingDocument(many(11), 'Object'), { code: 'BadRequest' });
  assert.throws(() => parseTaggingDocument(many(51), 'Bucket'), { code: 'BadRequest' });
});

test('tags that are not good', () => {
  for (const inner of [
    tag('', 'v'),
    tag('a', '1') + tag('a', '2'),
    tag('aws:a', '1'),
    tag('k'.repeat(129), 'v'),
    tag('k', 'v'.repeat(257)),
    tag('a;', 'v'),
  ]) {
    assert.throws(() => parseTaggingDocument(document(inner), 'Object'), { code: 'InvalidTag' }, inner);
  }
});

test('what is no document of tags', () => {
  assert.throws(() => parseTaggingDocument(Buffer.alloc(0), 'Object'), { code: 'MissingRequestBodyError' });
  for (const body of [
    'x',
    '<TagSet/>',
    '<Tagging><TagSet/><TagSet/></Tagging>',
    '<Tagging><TagSet/><Other/></Tagging>',
    '<Tagging>&lt;TagSet&gt;</Tagging>',
    '<Tagging><TagSet>&lt;Tag&gt;</TagSet></Tagging>',
    '<Tagging><TagSet><Tag>a<Key>a</Key><Value/></Tag></TagSet></Tagging>',
    '<Tagging><TagSet><Other/></TagSet></Tagging>',
    '<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>',
    '<Tagging><TagSet><Tag><Value>a</Value></Tag></TagSet></Tagging>',
    '<Tagging><TagSet><Tag><Key>a</Key><Value/><Value/></Tag></TagSet></Tagging>',
    '<Tagging><TagSet><Tag><Key>a</Key><Value/><Other/></Tag></TagSet></Tagging>',
  ]) {
    assert.throws(() => parseTaggingDocument(Buffer.from(body), 'Object'), { code: 'MalformedXML' }, body);
  }
});
