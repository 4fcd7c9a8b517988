/** @module Results become a table by group, and the table finds its place in the page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { groupOf } from './groups.ts';
import type { TestResult } from './results.ts';
import { groupTable, withTable } from './table.ts';

const result = (name: string, changes: Partial<TestResult> = {}): TestResult => ({
  name,
  file: 's3tests/functional/test_s3.py',
  markers: [],
  outcome: 'passed',
  message: '',
  refused: [],
  ...changes,
});

test('a test is in one group: by its file, its markers, its name', () => {
  const groups = [
    result('test_object_create_bad_md5_empty', { file: 's3tests/functional/test_headers.py' }),
    result('test_copy_enc', { markers: ['copy', 'encryption'] }),
    result('test_bucket_listv2_many', { markers: ['list_objects_v2'] }),
    result('test_object_head_zero_bytes'),
  ].map(groupOf);
  assert.deepEqual(groups, ['headers', 'encryption', 'listings', 'objects']);
});

test('a row counts each verdict, and the last row counts all', () => {
  const expected = { deviations: new Map([['test_object_odd', 'S3 does otherwise']]) };
  const table = groupTable(
    [
      result('test_object_fine'),
      result('test_object_odd', { outcome: 'failed' }),
      result('test_object_broken', { outcome: 'failed' }),
      result('test_bucket_acl_default', { outcome: 'failed', refused: ['PUT bucket ?acl'] }),
      result('test_bucket_none', { outcome: 'skipped' }),
    ],
    expected,
  );
  assert.deepEqual(table.split('\n').slice(2), [
    '| ACLs | 1 | 0 | 0 | 0 | 1 | 0 |',
    '| buckets | 1 | 0 | 0 | 0 | 0 | 1 |',
    '| objects | 3 | 1 | 1 | 1 | 0 | 0 |',
    '| **all** | 5 | 1 | 1 | 1 | 1 | 1 |',
  ]);
});

test('the table takes the place of the one before', () => {
  const page =
    'a\n<!-- conformance: written by npm run conformance -- --write -->\nold\n<!-- end of conformance -->\nb\n';
  const once = withTable(page, '| new |');
  assert.match(once, /^a\n<!-- [^]*-->\n\n\| new \|\n\n<!-- end of conformance -->\nb\n$/);
  assert.equal(withTable(once, '| new |'), once);
  assert.throws(() => withTable('no place', ''), /no place for the table/);
});
