/** @module Steps on a bucket's versioning, which begins, pauses, and never goes back. */

import assert from 'node:assert/strict';

import fc from 'fast-check';

import { text } from '../../support/xml.ts';
import { bucketIndex, step } from '../choices.ts';
import type { Versioning } from '../model.ts';
import { nameOf, refused } from '../real.ts';
import type { Real } from '../real.ts';

const STATUS: Record<Versioning, string | undefined> = {
  never: undefined,
  enabled: 'Enabled',
  suspended: 'Suspended',
};

export async function putVersioning(real: Real, b: number, versioning: Versioning): Promise<void> {
  const body = `<VersioningConfiguration><Status>${STATUS[versioning]}</Status></VersioningConfiguration>`;
  refused(await real.s3.bucket('PUT', nameOf(real, b), { query: { versioning: '' }, body }), []);
}

export const setVersioning = step(
  'set versioning',
  fc.record({ b: bucketIndex, versioning: fc.constantFrom<Versioning>('enabled', 'suspended') }),
  async ({ b, versioning }, model, real) => {
    const bucket = model.bucket(b);
    await putVersioning(real, b, versioning);
    bucket.versioning = versioning;
    const response = await real.s3.bucket('GET', nameOf(real, b), { query: { versioning: '' } });
    assert.equal(text(response.text, 'Status'), STATUS[versioning]);
  },
  // A bucket without versions mostly stays so: appends and renames are possible there only.
  ({ b }, model) => model.bucket(b).versioning !== 'never',
);
