/** @module The end of a run: everything that the model holds is what the server holds, and all of it can be deleted. */

import assert from 'node:assert/strict';

import { md5Base64 } from '../support/s3.ts';
import type { Data, Model, ModelBucket } from './model.ts';
import { expectShown, nameOf, onObject, refused } from './real.ts';
import type { Real } from './real.ts';
import { expectListedDates, expectVersions } from './steps/list.ts';
import { ATTRIBUTES, expectAttributes } from './steps/parts.ts';
import { expectSnapshot, removeSnapshot } from './steps/snapshot.ts';
import { expectTags } from './steps/tags.ts';

export async function settle(model: Model, real: Real): Promise<void> {
  for (const [b, bucket] of model.buckets.entries()) {
    await expectVersions([real, nameOf(real, b)], bucket, { prefix: '', delimiter: '', limit: 1000 });
    await expectListedDates(real, b, bucket);
    const all = [...bucket.keys].flatMap(([key, versions]) => versions.map((version) => ({ key, version })));
    await Promise.all(
      all.map(async ({ key, version }) => {
        if (!version.marker) await expectAll(real, bucket, { b, key, version });
      }),
    );
    await empty(real, bucket, b);
  }
}

async function expectAll(
  real: Real,
  bucket: ModelBucket,
  { b, key, version }: { b: number; key: string; version: Data },
): Promise<void> {
  const query = { versionId: version.id };
  const response = await onObject(real, 'GET', { b, key }, { query });
  expectShown(response, bucket, { version, named: true });
  assert.ok(version.bytes.equals(response.body), `other bytes in ${key} ${version.id}`);
  const attributes = await onObject(
    real,
    'GET',
    { b, key },
    { query: { attributes: '', ...query }, headers: ATTRIBUTES },
  );
  expectAttributes(attributes, version);
  if (Object.keys(version.tags).length > 0)
    expectTags(await onObject(real, 'GET', { b, key }, { query: { tagging: '', ...query } }), version);
}

/** S3 deletes a bucket only when it holds no version and no delete marker. */
async function empty(real: Real, bucket: ModelBucket, b: number): Promise<void> {
  for (const upload of bucket.openUploads()) {
    const query = { uploadId: upload.id };
    refused(await onObject(real, 'DELETE', { b, key: upload.key }, { query }), []);
  }
  if (bucket.keys.size > 0) {
    refused(await real.s3.bucket('DELETE', nameOf(real, b)), [[409, 'BucketNotEmpty']]);
    const objects = [...bucket.keys].flatMap(([key, versions]) =>
      versions.map(({ id }) => `<Object><Key>${key}</Key><VersionId>${id}</VersionId></Object>`),
    );
    const body = `<Delete><Quiet>true</Quiet>${objects.join('')}</Delete>`;
    const headers = { 'content-md5': md5Base64(body) };
    const query = { delete: '' };
    const response = await real.s3.bucket('POST', nameOf(real, b), { query, body, headers });
    refused(response, []);
    assert.ok(!response.text.includes('<Error>'), response.text);
  }
  // What snapshots show is in nothing but them by now.
  for (const name of bucket.snapshots.keys()) {
    await expectSnapshot(real, { b, name }, bucket);
    refused(await real.s3.bucket('DELETE', nameOf(real, b)), [[409, 'BucketNotEmpty']]);
    await removeSnapshot(real, { b, name });
  }
  refused(await real.s3.bucket('DELETE', nameOf(real, b)), []);
}
