/** @module The end of a run: everything that the model holds is what the server holds, and all of it can be deleted. */

import assert from 'node:assert/strict';

import type { Data, Model, ModelBucket } from './model.ts';
import { expectShown, nameOf, onObject, refused } from './real.ts';
import type { Real } from './real.ts';
import { expectListedDates, expectVersions } from './steps/list.ts';

export async function settle(model: Model, real: Real): Promise<void> {
  for (const [b, bucket] of model.buckets.entries()) {
    await expectVersions(real, bucket, { b, prefix: '', delimiter: '', limit: 1000 });
    await expectListedDates(real, b, bucket);
    for (const [key, versions] of bucket.keys)
      for (const version of versions)
        if (!version.marker) await expectBytes(real, bucket, { b, key, version });
    await empty(real, bucket, b);
  }
}

async function expectBytes(
  real: Real,
  bucket: ModelBucket,
  { b, key, version }: { b: number; key: string; version: Data },
): Promise<void> {
  const query = { versionId: version.id };
  const response = await onObject(real, 'GET', { b, key }, { query });
  expectShown(response, bucket, { version, named: true });
  assert.ok(version.bytes.equals(response.body), `other bytes in ${key} ${version.id}`);
}

/** S3 deletes a bucket only when it holds no version and no delete marker. */
async function empty(real: Real, bucket: ModelBucket, b: number): Promise<void> {
  for (const upload of bucket.openUploads()) {
    const query = { uploadId: upload.id };
    refused(await onObject(real, 'DELETE', { b, key: upload.key }, { query }), []);
  }
  for (const [key, versions] of bucket.keys) {
    refused(await real.s3.bucket('DELETE', nameOf(real, b)), [[409, 'BucketNotEmpty']]);
    for (const { id } of versions)
      refused(await onObject(real, 'DELETE', { b, key }, { query: { versionId: id } }), []);
  }
  refused(await real.s3.bucket('DELETE', nameOf(real, b)), []);
}
