/**
 * @module What a server tells about itself at `/-/metrics`.
 */

import type { S3 } from './s3.ts';

/** The value of a series; of one with labels the sum of all that are there. NaN when the page has none of that name. */
export async function readMetric(s3: S3, name: string): Promise<number> {
  const { text } = await s3.send('GET', '/-/metrics', { auth: 'anonymous' });
  const values = [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return values.length === 0 ? Number.NaN : values.reduce((sum, [, value]) => sum + Number(value), 0);
}
