/** @module ListBuckets, CreateBucket, GetBucketLocation: what they read and write. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { RawHeaders } from '../raw-headers.ts';
import { parseTarget } from '../target.ts';
import { optionalChild, optionalText, parseXml } from '../xml/parse.ts';
import {
  checkCreateBucketBody,
  checkCreateBucketHeaders,
  encodeBucketLocation,
  encodeListBuckets,
  parseListBuckets,
} from './buckets.ts';
import { encodeToken } from './list-objects.ts';

const parse = (raw: string) => parseListBuckets(parseTarget(`/?${raw}`, undefined, []).query);
const body = (inner: string): Buffer =>
  Buffer.from(`<CreateBucketConfiguration>${inner}</CreateBucketConfiguration>`);

test('ListBuckets: parameters', () => {
  assert.deepEqual(parse(''), {
    prefix: '',
    maxBuckets: 10_000,
    after: '',
    region: undefined,
    hasPrefix: false,
  });
  assert.deepEqual(parse(`prefix=a&max-buckets=3&bucket-region=r&continuation-token=${encodeToken('b')}`), {
    prefix: 'a',
    maxBuckets: 3,
    after: 'b',
    region: 'r',
    hasPrefix: true,
  });
  for (const raw of [
    'max-buckets=0',
    'max-buckets=10001',
    'max-buckets=',
    'max-buckets=x',
    'continuation-token=',
    'continuation-token=b',
  ]) {
    assert.throws(() => parse(raw), { code: 'InvalidArgument' }, raw);
  }
});

test('ListBuckets: what a page says', () => {
  const buckets = ['a', 'b'].map((name) => ({ name, createdMs: 1_700_000_000_000, region: 'us-east-1' }));
  const xml = (raw: string, truncated: boolean) =>
    parseXml(Buffer.from(encodeListBuckets(parse(raw), { owner: 'o&o', buckets, truncated })));
  const first = xml('prefix=%3C', true);
  assert.equal(first.name, 'ListAllMyBucketsResult');
  assert.deepEqual(
    optionalChild(first, 'Buckets')?.children.map((bucket) => optionalText(bucket, 'Name')),
    ['a', 'b'],
  );
  assert.equal(optionalText(first, 'Prefix'), '<');
  assert.equal(optionalText(first, 'ContinuationToken'), encodeToken('b'));
  const owner = optionalChild(first, 'Owner');
  assert.equal(owner && optionalText(owner, 'ID'), 'o&o');
  const last = xml('', false);
  assert.equal(optionalText(last, 'ContinuationToken'), undefined);
  assert.equal(optionalText(last, 'Prefix'), undefined);
});

test('CreateBucket: the region is ours, or is not said', () => {
  const location = (region: string): Buffer => body(`<LocationConstraint>${region}</LocationConstraint>`);
  for (const good of [
    Buffer.alloc(0),
    body(''),
    location(''),
    location('eu-west-1'),
    location('\n eu-west-1 '),
  ]) {
    checkCreateBucketBody(good, 'eu-west-1');
  }
  assert.throws(() => checkCreateBucketBody(location('us-west-2'), 'eu-west-1'), {
    code: 'IllegalLocationConstraintException',
  });
  assert.throws(() => checkCreateBucketBody(location('mars'), 'eu-west-1'), {
    code: 'InvalidLocationConstraint',
  });
  assert.throws(() => checkCreateBucketBody(location(`us${'-a'.repeat(4_000_000)}`), 'eu-west-1'), {
    code: 'InvalidLocationConstraint',
    details: { LocationConstraint: `us${'-a'.repeat(31)}` },
  });
  checkCreateBucketBody(location('mars'), 'mars');
});

test('CreateBucket: what is not served, and what is no configuration', () => {
  for (const inner of ['<Tags/>', '<Bucket><Type>Directory</Type></Bucket>', '<Location/>']) {
    assert.throws(() => checkCreateBucketBody(body(inner), 'r'), { code: 'NotImplemented' }, inner);
  }
  for (const bad of [
    Buffer.from('x'),
    Buffer.from('<Other/>'),
    body('<Unknown/>'),
    body('<LocationConstraint>r</LocationConstraint><LocationConstraint>r</LocationConstraint>'),
    body('<LocationConstraint><a/>r</LocationConstraint>'),
  ]) {
    assert.throws(() => checkCreateBucketBody(bad, 'r'), { code: 'MalformedXML' }, bad.toString());
  }
});

test('CreateBucket: headers that ask for what is so are good, others are refused', () => {
  const check = (name: string, value: string): void =>
    checkCreateBucketHeaders(RawHeaders.from([[name, value]]));
  check('x-amz-bucket-object-lock-enabled', 'false');
  check('x-amz-object-ownership', 'BucketOwnerEnforced');
  assert.throws(() => check('x-amz-bucket-object-lock-enabled', 'true'), { code: 'NotImplemented' });
  assert.throws(() => check('x-amz-object-ownership', 'ObjectWriter'), { code: 'NotImplemented' });
});

test('GetBucketLocation: us-east-1 is the empty constraint', () => {
  assert.equal(parseXml(Buffer.from(encodeBucketLocation('us-east-1'))).text, '');
  assert.equal(parseXml(Buffer.from(encodeBucketLocation('eu-west-1'))).text, 'eu-west-1');
});
