/** @module Ids of versions and uploads: what is written is read back, in order, and nothing else is taken for one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { formatUploadId, formatVersionId, parseUploadId, parseVersionId, readVersionId } from './ids.ts';

const number = fc.oneof(
  fc.nat(50_000),
  fc.maxSafeNat(),
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1),
);

const KINDS = [
  { format: formatVersionId, parse: parseVersionId, other: formatUploadId },
  { format: formatUploadId, parse: parseUploadId, other: formatVersionId },
];

test('an id is read back, and ids are ordered as their numbers', () => {
  for (const { format, parse } of KINDS) {
    fc.assert(
      fc.property(number, number, (a, b) => {
        assert.match(format(a), /^[0-9a-z]{12}$/);
        assert.equal(parse(format(a)), a);
        assert.equal(format(a) < format(b), a < b);
      }),
    );
  }
});

test('null is a version, and no upload', () => {
  assert.equal(parseVersionId('null'), 'null');
  assert.equal(parseUploadId('null'), undefined);
});

test('other text is no id', () => {
  for (const { format, parse, other } of KINDS) {
    const id = format(12_345);
    for (const text of [
      '',
      'NULL',
      ' null',
      id.toUpperCase(),
      ` ${id}`,
      `${id}\n`,
      `${id}0`,
      id.slice(0, -1),
      id.slice(1),
      other(12_345),
      format(0).replace('00', '-1'),
      `${id[0]}zzzzzzzzzzz`,
      `${id[0]}${(2 ** 53).toString(36)}`,
      '3/L4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo',
    ]) {
      assert.equal(parse(text), undefined, JSON.stringify(text));
    }
  }
});

test('the version that a request names', () => {
  assert.equal(readVersionId(undefined), undefined);
  assert.equal(readVersionId('null'), 'null');
  assert.equal(readVersionId(formatVersionId(7)), 7);
  for (const text of ['', 'x', formatUploadId(7)]) {
    assert.throws(() => readVersionId(text), {
      code: 'InvalidArgument',
      details: { ArgumentName: 'versionId', ArgumentValue: text },
    });
  }
});
