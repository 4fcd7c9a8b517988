/** @module What cannot be seen through S3: the server's own check of its references and files, while it is written to. */

import assert from 'node:assert/strict';

import type { FsckEvent, FsckReport } from '@cistern/server';

import { eventually } from '../support/eventually.ts';
import type { S3 } from '../support/s3.ts';

/** Nothing is wrong with what is there. */
export async function expectSound(s3: S3): Promise<FsckReport> {
  const response = await s3.send('POST', '/-/api/fsck');
  assert.equal(response.status, 200, response.text);
  const last = response.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as FsckEvent)
    .at(-1);
  assert.ok(last?.type === 'result', response.text);
  assert.deepEqual(last.report.problems, []);
  return last.report;
}

/** After runs, which delete all that they have made: one bucket with one object is left, the part that was copied. */
export function expectNothingLeft(s3: S3): Promise<void> {
  return eventually(async () => {
    const { checked, awaiting } = await expectSound(s3);
    const { buckets, versions, manifests, blobs, files } = checked;
    assert.deepEqual({ buckets, versions, manifests, blobs, files }, ONE_OBJECT);
    assert.deepEqual([...new Set(Object.values(awaiting))], [0]);
  });
}

const ONE_OBJECT = { buckets: 1, versions: 1, manifests: 1, blobs: 1, files: 1 };
