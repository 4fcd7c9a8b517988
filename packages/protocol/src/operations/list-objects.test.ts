/** @module ListObjects(V2): parameters, tokens, and XML that reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { RawHeaders } from '../raw-headers.ts';
import { parseTarget } from '../target.ts';
import { optionalText, parseXml, type XmlElement } from '../xml/parse.ts';
import {
  decodeToken,
  encodeListObjects,
  encodeToken,
  parseListObjects,
  wantsRestoreStatus,
} from './list-objects.ts';
import type { ListedObject, ListObjectsInput, ListObjectsOutput } from './list-objects.ts';

function parse(raw: string, version: 1 | 2 = 2): ListObjectsInput {
  return parseListObjects(parseTarget(`/b?${raw}`, undefined, []).query, version);
}

function page(keys: readonly string[], more: Partial<ListObjectsOutput> = {}): ListObjectsOutput {
  const objects = keys.map((key): ListedObject => ({
    key,
    size: 5,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    modifiedMs: 1_700_000_000_123,
    storageClass: 'STANDARD',
    checksumAlgorithm: null,
    checksumType: null,
  }));
  return {
    bucket: 'bucket',
    owner: 'root',
    objects,
    commonPrefixes: [],
    truncated: false,
    last: keys.at(-1) ?? '',
    ...more,
  };
}

function xmlOf(input: ListObjectsInput, output: ListObjectsOutput): XmlElement {
  return parseXml(Buffer.from(encodeListObjects(input, output)));
}

function texts(root: XmlElement, name: string, child: string): (string | undefined)[] {
  return root.children
    .filter((element) => element.name === name)
    .map((element) => optionalText(element, child));
}

test('nothing said: a page of 1,000 from the start', () => {
  assert.deepEqual(parse(''), {
    version: 2,
    prefix: '',
    delimiter: '',
    maxKeys: 1000,
    encodeUrl: false,
    after: '',
    start: undefined,
    continuationToken: undefined,
    withOwner: false,
  });
  assert.equal(parse('', 1).withOwner, true);
});

test('max-keys', () => {
  for (const [raw, count] of [
    ['0', 0],
    ['1', 1],
    ['1000', 1000],
    ['1001', 1000],
    ['2147483647', 1000],
  ] as const) {
    assert.equal(parse(`max-keys=${raw}`).maxKeys, count);
  }
  for (const raw of ['-1', 'many', '1.5', '1e3', '2147483648', '99999999999999999999', '%2B1']) {
    assert.throws(() => parse(`max-keys=${raw}`), { code: 'InvalidArgument', status: 400 }, raw);
  }
});

test('where a page begins', () => {
  assert.equal(parse('marker=m', 1).after, 'm');
  assert.equal(parse('start-after=s').after, 's');
  assert.equal(parse(`start-after=s&continuation-token=${encodeToken('t')}`).after, 't');
  assert.equal(parse('marker=m').after, '', 'version 2 has no marker');
});

test('parameters that make no sense', () => {
  for (const raw of [
    'encoding-type=base64',
    'fetch-owner=maybe',
    'continuation-token=',
    'continuation-token=x',
    'continuation-token=%20',
  ]) {
    assert.throws(() => parse(raw), { code: 'InvalidArgument' }, raw);
  }
  assert.throws(() => parse('list-type=3', 1), { code: 'InvalidArgument' });
});

test('tokens hold any key, fit in a URL, and have one form', () => {
  fc.assert(
    fc.property(hostileText({ maxLength: 60 }), (key) => {
      const token = encodeToken(key);
      assert.match(token, /^[\w-]+$/);
      assert.equal(decodeToken(token), key);
      for (const bent of [
        `${token}=`,
        `${token} `,
        token.slice(0, 2),
        Buffer.from(`2:${key}`).toString('base64url'),
      ]) {
        assert.throws(() => decodeToken(bent), { code: 'InvalidArgument' });
      }
    }),
  );
  assert.throws(() => decodeToken(Buffer.from([0x31, 0x3a, 0xff]).toString('base64url')), {
    code: 'InvalidArgument',
  });
});

test('version 2: what a page says', () => {
  const token = encodeToken('a');
  const input = parse(
    `list-type=2&prefix=p%26&delimiter=/&start-after=s&continuation-token=${token}&max-keys=3&fetch-owner=true`,
  );
  const root = xmlOf(
    input,
    page(['p&1', 'p&2'], { commonPrefixes: ['p&3/'], truncated: true, last: 'p&3/' }),
  );
  assert.equal(root.name, 'ListBucketResult');
  for (const [name, value] of [
    ['Name', 'bucket'],
    ['Prefix', 'p&'],
    ['Delimiter', '/'],
    ['StartAfter', 's'],
    ['ContinuationToken', token],
    ['NextContinuationToken', encodeToken('p&3/')],
    ['KeyCount', '3'],
    ['MaxKeys', '3'],
    ['IsTruncated', 'true'],
    ['Marker', undefined],
    ['NextMarker', undefined],
    ['EncodingType', undefined],
  ] as const) {
    assert.equal(optionalText(root, name), value, name);
  }
  assert.deepEqual(texts(root, 'Contents', 'Key'), ['p&1', 'p&2']);
  assert.deepEqual(texts(root, 'CommonPrefixes', 'Prefix'), ['p&3/']);
  const [first] = root.children.filter(({ name }) => name === 'Contents');
  assert.deepEqual(
    first?.children.map(({ name, text }) => [name, text]),
    [
      ['Key', 'p&1'],
      ['LastModified', '2023-11-14T22:13:20.123Z'],
      ['ETag', '"d41d8cd98f00b204e9800998ecf8427e"'],
      ['Size', '5'],
      ['Owner', ''],
      ['StorageClass', 'STANDARD'],
    ],
  );
});

test('version 1: NextMarker only where it is truncated and has a delimiter', () => {
  const next = (raw: string, truncated: boolean) =>
    optionalText(xmlOf(parse(raw, 1), page(['a'], { truncated })), 'NextMarker');
  assert.equal(next('delimiter=/', true), 'a');
  assert.equal(next('delimiter=/', false), undefined);
  assert.equal(next('', true), undefined);
  const root = xmlOf(parse('marker=m', 1), page([]));
  assert.equal(optionalText(root, 'Marker'), 'm');
  assert.equal(optionalText(root, 'KeyCount'), undefined);
});

test('the last page carries no token', () => {
  assert.equal(optionalText(xmlOf(parse(''), page(['a'])), 'NextContinuationToken'), undefined);
});

test('a checksum is named, with its type', () => {
  const output = page(['a', 'b']);
  const objects = output.objects.map((object, i) => ({
    ...object,
    checksumAlgorithm: 'CRC32',
    checksumType: (['FULL_OBJECT', 'COMPOSITE'] as const)[i] ?? null,
  }));
  const root = xmlOf(parse(''), { ...output, objects });
  assert.deepEqual(texts(root, 'Contents', 'ChecksumAlgorithm'), ['CRC32', 'CRC32']);
  assert.deepEqual(texts(root, 'Contents', 'ChecksumType'), ['FULL_OBJECT', 'COMPOSITE']);
});

test('a restored object says until when, to those who ask', () => {
  const wants = (value: string): boolean =>
    wantsRestoreStatus(RawHeaders.from([['x-amz-optional-object-attributes', value]]));
  assert.equal(wantsRestoreStatus(RawHeaders.from([])), false);
  assert.equal(wants('RestoreStatus'), true);
  for (const value of ['', 'Owner', 'RestoreStatus,Owner'])
    assert.throws(() => wants(value), { code: 'InvalidArgument' }, value);
  const output = page(['a', 'b']);
  const objects = output.objects.map((object, i) => ({
    ...object,
    restoredUntilMs: i === 0 ? 1_700_000_000_000 : null,
  }));
  const [first, second] = xmlOf(parse(''), { ...output, objects }).children.filter(
    ({ name }) => name === 'Contents',
  );
  assert.deepEqual(
    first?.children.at(-1)?.children.map(({ name, text }) => [name, text]),
    [
      ['IsRestoreInProgress', 'false'],
      ['RestoreExpiryDate', '2023-11-14T22:13:20.000Z'],
    ],
  );
  assert.equal(second?.children.at(-1)?.name, 'StorageClass');
});

test('any key comes back, escaped or URL-encoded, and slashes stay slashes', () => {
  const keys = fc.array(hostileText({ minLength: 1, maxLength: 30 }), { maxLength: 5 });
  fc.assert(
    fc.property(keys, (list) => {
      assert.deepEqual(texts(xmlOf(parse(''), page(list)), 'Contents', 'Key'), list);
      const encoded = texts(
        xmlOf(parse('encoding-type=url'), page(list, { commonPrefixes: list })),
        'Contents',
        'Key',
      );
      assert.deepEqual(
        encoded.map((key) => decodeURIComponent(key ?? '')),
        list,
      );
      for (const key of encoded) assert.match(key ?? '', /^[\w.~%/-]*$/);
    }),
  );
  const root = xmlOf(
    parse('encoding-type=url&prefix=a+b&delimiter=%25&start-after=%26'),
    page([], { commonPrefixes: ['a b/%'] }),
  );
  assert.equal(optionalText(root, 'EncodingType'), 'url');
  assert.deepEqual(
    [optionalText(root, 'Prefix'), optionalText(root, 'Delimiter'), optionalText(root, 'StartAfter')],
    ['a%20b', '%25', '%26'],
  );
  assert.deepEqual(texts(root, 'CommonPrefixes', 'Prefix'), ['a%20b/%25']);
});
