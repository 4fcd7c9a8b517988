/** @module DeleteObjects: the list that comes and the results that go. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { S3Error } from '../errors.ts';
import { formatVersionId } from '../ids.ts';
import { escapeXml } from '../xml/escape.ts';
import { parseXml } from '../xml/parse.ts';
import { encodeDeleteObjects, parseDeleteObjects } from './delete-objects.ts';
import type { DeleteObjectsInput } from './delete-objects.ts';

const parse = (inner: string): DeleteObjectsInput =>
  parseDeleteObjects(Buffer.from(`<Delete xmlns="urn:x">${inner}</Delete>`));
const object = (key: string, more = ''): string => `<Object><Key>${escapeXml(key)}</Key>${more}</Object>`;

test('keys are taken as they are', () => {
  const keys = ['a', ' b ', '<&>"', 'c\u0001\r\n', 'ü😀', 'a', '//', '..'];
  const input = parse(keys.map((key) => object(key)).join(''));
  assert.deepEqual(
    input.objects.map(({ key }) => key),
    keys,
  );
  assert.equal(input.quiet, false);
  assert.ok(input.objects.every(({ error }) => error === undefined));
});

test('quiet', () => {
  for (const [text, quiet] of [
    ['true', true],
    ['TRUE', true],
    [' false ', false],
  ] as const) {
    assert.equal(parse(`<Quiet>${text}</Quiet>${object('k')}`).quiet, quiet);
  }
  for (const text of ['', 'maybe', '1'])
    assert.throws(() => parse(`<Quiet>${text}</Quiet>${object('k')}`), { code: 'MalformedXML' });
});

test('a thousand, and no more', () => {
  assert.equal(parse(object('k').repeat(1000)).objects.length, 1000);
  assert.throws(() => parse(object('k').repeat(1001)), { code: 'MalformedXML' });
});

test('versions and conditions', () => {
  const input = parse(
    object('a', `<VersionId>${formatVersionId(7)}</VersionId>`) +
      object('b', '<VersionId>null</VersionId><ETag>"x"</ETag><Size> 5 </Size>') +
      object('c', '<LastModifiedTime>Wed, 21 Oct 2015 07:28:00 GMT</LastModifiedTime>') +
      object('d', '<LastModifiedTime>2015-10-21T07:28:00.000Z</LastModifiedTime><ETag>*</ETag>') +
      object('e', '<VersionId/>'),
  );
  const modifiedMs = Date.UTC(2015, 9, 21, 7, 28);
  assert.deepEqual(
    input.objects.map(({ version, condition, error }) => [version, condition, error]),
    [
      [7, null, undefined],
      ['null', { ifMatch: 'x', size: 5 }, undefined],
      [undefined, { modifiedMs }, undefined],
      [undefined, { ifMatch: '*', modifiedMs }, undefined],
      [undefined, null, undefined],
    ],
  );
});

test('what is wrong with one object is its own error', () => {
  const input = parse(
    object('good', '<VersionId>null</VersionId>') +
      object('version', '<VersionId>abc</VersionId>') +
      object('date', '<LastModifiedTime>soon</LastModifiedTime>') +
      object('size', '<Size>-1</Size>') +
      object('etags', '<ETag>"a","b"</ETag>') +
      object('x'.repeat(1025)),
  );
  assert.deepEqual(
    input.objects.map(({ error }) => error?.code),
    [undefined, 'NoSuchVersion', 'InvalidArgument', 'InvalidArgument', 'NotImplemented', 'KeyTooLongError'],
  );
});

test('what is wrong with the list deletes nothing', () => {
  assert.throws(() => parseDeleteObjects(Buffer.alloc(0)), { code: 'MissingRequestBodyError' });
  assert.throws(() => parseDeleteObjects(Buffer.from('<Other/>')), { code: 'MalformedXML' });
  for (const inner of [
    '',
    '<Quiet>true</Quiet>',
    '<Object/>',
    '<Object><Key/></Object>',
    `${object('k')}<Unknown/>`,
    object('k', '<Key>k</Key>'),
    object('k', '<Unknown/>'),
    object('k', '<VersionId>a</VersionId><VersionId>b</VersionId>'),
    '<Object><Key>a<b/>c</Key></Object>',
    '<Object><Key>a<!-- </Key></Object>',
  ]) {
    assert.throws(() => parse(inner), { code: 'MalformedXML' }, inner);
  }
});

test('results: one for each, in order; in quiet mode errors only', () => {
  const result = (quiet: string): unknown[] => {
    const input = parse(
      `<Quiet>${quiet}</Quiet>${object('a&')}${object('b', '<VersionId>null</VersionId>')}${object('c')}`,
    );
    const errors = new Map([
      [input.objects[2] as DeleteObjectsInput['objects'][number], new S3Error('InternalError', 'a < b')],
    ]);
    const root = parseXml(Buffer.from(encodeDeleteObjects(input, errors)));
    assert.equal(root.name, 'DeleteResult');
    return root.children.map(({ name, children }) => [name, ...children.map(({ text }) => text)]);
  };
  const error = ['Error', 'c', 'InternalError', 'a < b'];
  assert.deepEqual(result('false'), [['Deleted', 'a&'], ['Deleted', 'b', 'null'], error]);
  assert.deepEqual(result('true'), [error]);
});

test('results: the delete markers that were made or removed', () => {
  const id = formatVersionId(7);
  const input = parse(
    `${object('made')}${object('removed', `<VersionId>${id}</VersionId>`)}${object('gone')}`,
  );
  const results = new Map(
    input.objects.slice(0, 2).map((one) => [one, { deleteMarkerVersionId: id }] as const),
  );
  const root = parseXml(Buffer.from(encodeDeleteObjects(input, results)));
  const marker = [
    ['DeleteMarker', 'true'],
    ['DeleteMarkerVersionId', id],
  ];
  assert.deepEqual(
    root.children.map(({ children }) => children.map(({ name, text }) => [name, text])),
    [[['Key', 'made'], ...marker], [['Key', 'removed'], ['VersionId', id], ...marker], [['Key', 'gone']]],
  );
});
