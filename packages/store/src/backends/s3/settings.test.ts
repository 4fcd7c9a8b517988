/** Where requests go, and what options mean. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { growingSize, OBJECT_BYTES_MAX, partSizeFor } from './put.ts';
import { addressOf, awsEndpoint, PART_BYTES, PARTS_MAX, toSettings } from './settings.ts';
import type { Addressing, S3Options } from './settings.ts';
import { s3UrlOptions } from './url.ts';

const NOWHERE = { HOME: '/nonexistent' };

suite('settings of S3', () => {
  test('a bucket is named by its host on AWS, where its name allows that, and by the path elsewhere', () => {
    const at = (endpoint: string, bucket?: string, addressing?: Addressing): string[] => {
      const { origin, host, root } = addressOf(new URL(endpoint), bucket, addressing);
      return [origin, host, root];
    };
    const aws = awsEndpoint('eu-west-1');
    assert.deepEqual(at(aws, 'photos'), [aws, 'photos.s3.eu-west-1.amazonaws.com', '/']);
    assert.deepEqual(at(aws, 'my.photos'), [aws, 's3.eu-west-1.amazonaws.com', '/my.photos/']);
    assert.deepEqual(at(aws, 'photos', 'path'), [aws, 's3.eu-west-1.amazonaws.com', '/photos/']);
    assert.match(awsEndpoint('cn-north-1'), /amazonaws\.com\.cn$/);
    const own = 'http://localhost:9000';
    assert.deepEqual(at(own, 'photos'), [own, 'localhost:9000', '/photos/']);
    assert.deepEqual(at(own, 'photos', 'virtual'), [own, 'photos.localhost:9000', '/']);
    assert.deepEqual(at(`${own}/s3/`, 'photos'), [own, 'localhost:9000', '/s3/photos/']);
    assert.deepEqual(at(own), [own, 'localhost:9000', '/']);
    // A name that only looks like AWS's is somebody else's.
    assert.deepEqual(at('https://amazonaws.com.evil.example', 'photos')[2], '/photos/');
  });

  test('what makes no sense is refused', () => {
    const wrong: Partial<S3Options>[] = [
      { bucket: '' },
      { bucket: 'a/b' },
      { endpoint: 'localhost:9000' },
      { partSize: 1024 },
      { concurrency: 0 },
      { addressing: 'dns' as Addressing },
    ];
    for (const options of wrong) {
      assert.throws(() => toSettings({ bucket: 'b', ...options }, NOWHERE), { code: 'InvalidArgument' });
    }
    assert.equal(toSettings({ bucket: 'b' }, { ...NOWHERE, AWS_REGION: 'eu-west-1' }).region, 'eu-west-1');
    assert.equal(toSettings({ bucket: 'b', partBytesMin: 1024, partSize: 2048 }, NOWHERE).partSize, 2048);
  });

  test('by URL', () => {
    const url = new URL(
      's3://photos/a%20b/c?region=x&endpoint=http%3A%2F%2Fh%3A1&partSize=9000000&checksums=false',
    );
    assert.deepEqual(s3UrlOptions(url, 'anonymous'), {
      bucket: 'photos',
      folder: 'a b/c',
      region: 'x',
      endpoint: 'http://h:1',
      partSize: 9_000_000,
      checksums: false,
      credentials: 'anonymous',
    });
    assert.throws(() => s3UrlOptions(new URL('s3://b?checksums=maybe'), undefined), {
      code: 'InvalidArgument',
    });
  });

  test('10,000 parts are enough for the largest object, whether its size is known or not', () => {
    assert.equal(partSizeFor(PART_BYTES, 1), PART_BYTES);
    assert.ok(partSizeFor(PART_BYTES, OBJECT_BYTES_MAX) * PARTS_MAX >= OBJECT_BYTES_MAX);
    let size = 0;
    for (let number = 1; number <= PARTS_MAX; number++) size += growingSize(PART_BYTES, number);
    assert.ok(size >= OBJECT_BYTES_MAX);
  });
});
