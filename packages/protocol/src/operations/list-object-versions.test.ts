/** @module ListObjectVersions: parameters, and XML that reads back. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { formatUploadId, formatVersionId } from '../ids.ts';
import { parseTarget } from '../target.ts';
import { optionalChild, optionalText, parseXml } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';
import { encodeListObjectVersions, parseListObjectVersions } from './list-object-versions.ts';
import type {
  ListedVersion,
  ListObjectVersionsInput,
  ListObjectVersionsOutput,
} from './list-object-versions.ts';

const ID = formatVersionId(7);

function parse(raw: string): ListObjectVersionsInput {
  return parseListObjectVersions(parseTarget(`/b?versions&${raw}`, undefined, []).query);
}

interface NamedVersion extends ListedVersion {
  readonly versionId: string;
}

function version(key: string, more: Partial<NamedVersion> = {}): NamedVersion {
  return {
    key,
    versionId: ID,
    deleteMarker: false,
    latest: true,
    size: 5,
    etag: 'd41d8cd98f00b204e9800998ecf8427e',
    modifiedMs: 1_700_000_000_123,
    storageClass: 'STANDARD',
    checksumAlgorithm: null,
    checksumType: null,
    ...more,
  };
}

function xmlOf(raw: string, more: Partial<ListObjectVersionsOutput<NamedVersion>> = {}): XmlElement {
  const output: ListObjectVersionsOutput<NamedVersion> = {
    bucket: 'bucket',
    owner: 'root',
    versions: [],
    versionId: (one) => one.versionId,
    commonPrefixes: [],
    truncated: false,
    last: { key: '', versionId: undefined },
    ...more,
  };
  return parseXml(Buffer.from(encodeListObjectVersions(parse(raw), output)));
}

const pairs = ({ children }: XmlElement): string[][] => children.map(({ name, text }) => [name, text]);

test('nothing said: a page of 1,000 from the start', () => {
  assert.deepEqual(parse(''), {
    prefix: '',
    delimiter: '',
    maxKeys: 1000,
    encodeUrl: false,
    keyMarker: '',
    versionMarker: undefined,
    versionIdMarker: '',
  });
});

test('where a page begins', () => {
  const marks = (raw: string): unknown[] => {
    const { keyMarker, versionMarker, versionIdMarker } = parse(raw);
    return [keyMarker, versionMarker, versionIdMarker];
  };
  assert.deepEqual(marks('key-marker=k'), ['k', undefined, '']);
  assert.deepEqual(marks('key-marker=k&version-id-marker=null'), ['k', 'null', 'null']);
  assert.deepEqual(marks(`key-marker=k&version-id-marker=${ID}`), ['k', 7, ID]);
  assert.deepEqual(marks('key-marker=&version-id-marker='), ['', undefined, '']);
});

test('markers that make no sense', () => {
  for (const [raw, message] of [
    [`version-id-marker=${ID}`, /without a key marker/],
    ['version-id-marker=x', /without a key marker/],
    [`key-marker=&version-id-marker=${ID}`, /without a key marker/],
    ['key-marker=k&version-id-marker=', /cannot be empty/],
    ['key-marker=k&version-id-marker=x', /Invalid version id/],
    [`key-marker=k&version-id-marker=${formatUploadId(7)}`, /Invalid version id/],
    ['max-keys=-1', /max-keys/],
    ['encoding-type=base64', /Encoding/],
  ] as const) {
    assert.throws(() => parse(raw), { code: 'InvalidArgument', message }, raw);
  }
});

test('versions and delete markers stand in one order', () => {
  const root = xmlOf('', {
    versions: [
      version('a', { deleteMarker: true, versionId: formatVersionId(9) }),
      version('a', { latest: false, checksumAlgorithm: 'CRC32', checksumType: 'COMPOSITE' }),
      version('b', { versionId: 'null', storageClass: 'GLACIER' }),
    ],
  });
  assert.equal(root.name, 'ListVersionsResult');
  const entries = root.children.filter(({ name }) => name === 'Version' || name === 'DeleteMarker');
  assert.deepEqual(
    entries.map(({ name }) => name),
    ['DeleteMarker', 'Version', 'Version'],
  );
  const [marker, old, current] = entries;
  assert.ok(marker && old && current);
  assert.deepEqual(pairs(marker), [
    ['Key', 'a'],
    ['VersionId', formatVersionId(9)],
    ['IsLatest', 'true'],
    ['LastModified', '2023-11-14T22:13:20.123Z'],
    ['Owner', ''],
  ]);
  assert.deepEqual(pairs(old), [
    ['Key', 'a'],
    ['VersionId', ID],
    ['IsLatest', 'false'],
    ['LastModified', '2023-11-14T22:13:20.123Z'],
    ['ETag', '"d41d8cd98f00b204e9800998ecf8427e"'],
    ['ChecksumAlgorithm', 'CRC32'],
    ['ChecksumType', 'COMPOSITE'],
    ['Size', '5'],
    ['Owner', ''],
    ['StorageClass', 'STANDARD'],
  ]);
  assert.equal(optionalText(current, 'VersionId'), 'null');
  assert.equal(optionalText(current, 'StorageClass'), 'GLACIER');
  const owner = optionalChild(marker, 'Owner');
  assert.equal(owner && optionalText(owner, 'ID'), 'root');
});

test('what a page says of itself', () => {
  const root = xmlOf(`prefix=p%26&delimiter=/&key-marker=p%26k&version-id-marker=${ID}&max-keys=2`, {
    commonPrefixes: ['p&1/'],
    truncated: true,
    last: { key: 'p&2', versionId: 'null' },
  });
  for (const [name, value] of [
    ['Name', 'bucket'],
    ['Prefix', 'p&'],
    ['Delimiter', '/'],
    ['KeyMarker', 'p&k'],
    ['VersionIdMarker', ID],
    ['NextKeyMarker', 'p&2'],
    ['NextVersionIdMarker', 'null'],
    ['MaxKeys', '2'],
    ['IsTruncated', 'true'],
    ['EncodingType', undefined],
  ] as const) {
    assert.equal(optionalText(root, name), value, name);
  }
  const prefixes = optionalChild(root, 'CommonPrefixes');
  assert.equal(prefixes && optionalText(prefixes, 'Prefix'), 'p&1/');
});

test('a page that ends in a common prefix has no version to go on from, the last page none at all', () => {
  const middle = xmlOf('', { truncated: true, last: { key: 'a/', versionId: undefined } });
  assert.equal(optionalText(middle, 'NextKeyMarker'), 'a/');
  assert.equal(optionalText(middle, 'NextVersionIdMarker'), undefined);
  const end = xmlOf('', { last: { key: 'a', versionId: ID } });
  assert.equal(optionalText(end, 'NextKeyMarker'), undefined);
  assert.equal(optionalText(end, 'NextVersionIdMarker'), undefined);
  assert.equal(optionalText(end, 'KeyMarker'), '');
  assert.equal(optionalText(end, 'VersionIdMarker'), '');
});

test('any key comes back, escaped or URL-encoded', () => {
  const keysOf = (root: XmlElement): string[] => [
    ...root.children
      .filter(({ name }) => name === 'Version' || name === 'DeleteMarker')
      .map((element) => optionalText(element, 'Key') ?? ''),
    optionalText(root, 'NextKeyMarker') ?? '',
  ];
  fc.assert(
    fc.property(hostileText({ minLength: 1, maxLength: 30 }), (key) => {
      const output = {
        versions: [version(key), version(key, { deleteMarker: true })],
        truncated: true,
        last: { key, versionId: ID },
      };
      assert.deepEqual(keysOf(xmlOf('', output)), [key, key, key]);
      const encoded = keysOf(xmlOf('encoding-type=url', output));
      assert.deepEqual(
        encoded.map((one) => decodeURIComponent(one)),
        [key, key, key],
      );
      for (const one of encoded) assert.match(one, /^[\w.~%/-]*$/);
    }),
  );
  assert.equal(optionalText(xmlOf('encoding-type=url&key-marker=a+b'), 'KeyMarker'), 'a%20b');
  assert.equal(optionalText(xmlOf('encoding-type=url'), 'EncodingType'), 'url');
});
