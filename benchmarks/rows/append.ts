/**
 * @module Appends to one object, one after another: each has to know the size that the one before has made.
 */

import { type Bench, OBJECT_BUCKET, runRow } from '../bench.ts';
import { replay } from '../load/replay.ts';
import { measure } from '../measure.ts';
import { objectBytes } from '../multipart.ts';
import { writeRequests } from '../requests.ts';
import { sendOk } from '../s3-client.ts';
import { formatSize } from '../units.ts';
import { removeObjects } from './fill.ts';
import { makeRow, type Row } from './row.ts';

const APPEND_BYTES = 4096;
// S3's limit for one object.
const APPENDS_MAX = 10_000;
const OFFSET_HEADER = 'x-amz-write-offset-bytes';

export async function appendRow(bench: Bench): Promise<void> {
  const id = `append ${formatSize(APPEND_BYTES)}`;
  const key = `${APPEND_BYTES}/appended`;
  const probe = `/${OBJECT_BUCKET}/append-probe`;
  await removeObjects(bench, [`/${OBJECT_BUCKET}/${key}`, probe]);
  await runRow(bench, id, async () => {
    await requireAppends(bench, probe);
    return measureRow(bench, id, key);
  });
  await removeObjects(bench, [`/${OBJECT_BUCKET}/${key}`, probe]);
}

/** Throws where the header is refused, and where it is ignored: that would measure overwriting. */
async function requireAppends(bench: Bench, path: string): Promise<void> {
  for (const offset of ['0', '1']) {
    await sendOk(bench.target, 'PUT', path, {
      body: Buffer.from('x'),
      headers: [[OFFSET_HEADER, offset]],
    });
  }
  if ((await objectBytes(bench.target, path)) !== 2) throw new Error('the server overwrites instead');
}

async function measureRow(bench: Bench, id: string, key: string): Promise<Row> {
  const { target, options } = bench;
  const requests = writeRequests({
    target,
    scratch: bench.scratch,
    name: 'append',
    method: 'PUT',
    bucket: OBJECT_BUCKET,
    keys: Array.from({ length: APPENDS_MAX }, () => key),
    bodyBytes: APPEND_BYTES,
    headers: (index) => [[OFFSET_HEADER, String(index * APPEND_BYTES)]],
  });
  const { value, usage } = await measure(target.pid, () =>
    replay({
      endpoint: target.endpoint,
      requests,
      connections: 1,
      seconds: options.durationSeconds,
      once: true,
    }),
  );
  const size = await objectBytes(target, `/${OBJECT_BUCKET}/${key}`);
  const lost = size < (value.requests - value.errors) * APPEND_BYTES;
  return makeRow(
    {
      ...value,
      id,
      group: 'life',
      objectBytes: APPEND_BYTES,
      connections: 1,
      errors: value.errors + (lost ? 1 : 0),
      bytes: value.requests * APPEND_BYTES,
      note: lost ? `only ${formatSize(size)} have arrived` : `to ${formatSize(size)}`,
    },
    usage,
  );
}
