/** @module A multipart upload of the oracle's: its parts are held to the log, too, while it is open. */

import { createHash } from 'node:crypto';

import { text } from '../../support/xml.ts';
import type { Done, OracleClient, Outcome } from './client.ts';
import type { Content } from './contents.ts';
import { BUCKETS } from './profile.ts';

/** What first parts are copied from: the least that a part but the last may have. */
export const SOURCE = { key: 'source', piece: { name: 'source', size: 5 * 1024 * 1024 } } as const;

export interface UploadPlan {
  readonly key: string;
  /** The first of two is copied from `SOURCE`. */
  readonly parts: readonly Content[];
  readonly end: 'complete' | 'abort';
}

export async function uploadParts(client: OracleClient, { key, parts, end }: UploadPlan): Promise<Done> {
  const created = await client.ask('POST', BUCKETS.plain, key, { query: { uploads: '' } });
  if (created === undefined) return 'broken';
  if (created.status !== 200) {
    await client.refused('create-upload', created);
    return 'done';
  }
  const uploadId = text(created.text, 'UploadId') ?? '';
  client.note({ upload: uploadId, of: key });
  for (const [index, part] of parts.entries()) {
    const copied = index < parts.length - 1;
    const sent = await sendPart(client, { key, uploadId, number: index + 1, part, copied });
    if (sent !== 'sent') return sent;
  }
  client.note({ ending: uploadId });
  const outcome = await (end === 'abort'
    ? abort(client, key, uploadId)
    : complete(client, { key, uploadId, parts }));
  if (typeof outcome !== 'string') client.note({ ended: uploadId });
  return outcome === 'broken' ? 'broken' : 'done';
}

interface PartPlan {
  readonly key: string;
  readonly uploadId: string;
  readonly number: number;
  readonly part: Content;
  readonly copied: boolean;
}

async function sendPart(
  client: OracleClient,
  { key, uploadId, number, part, copied }: PartPlan,
): Promise<'sent' | 'broken' | 'done'> {
  const sent = await client.ask('PUT', BUCKETS.plain, key, {
    query: { partNumber: String(number), uploadId },
    ...(copied
      ? { headers: { 'x-amz-copy-source': `/${BUCKETS.plain}/${SOURCE.key}` } }
      : { body: part.bytes, payload: 'UNSIGNED-PAYLOAD' }),
  });
  if (sent === undefined) return 'broken';
  if (sent.status !== 200 || sent.errorCode !== undefined) {
    await client.refused('part', sent);
    return 'done';
  }
  client.note({ partOf: uploadId, number, etag: part.md5 });
  client.acknowledged();
  return 'sent';
}

function abort(client: OracleClient, key: string, uploadId: string): Promise<Outcome> {
  return client.send({
    does: 'abort',
    groups: [],
    method: 'DELETE',
    bucket: BUCKETS.plain,
    key,
    options: { query: { uploadId } },
    status: 204,
  });
}

async function complete(
  client: OracleClient,
  { key, uploadId, parts }: Omit<PartPlan, 'number' | 'part' | 'copied'> & { parts: readonly Content[] },
): Promise<Outcome> {
  const { contents, problems } = client.load;
  const { state } = contents.make(parts.flatMap(({ pieces }) => pieces));
  const list = parts.map(({ md5 }, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${md5}</ETag></Part>`);
  const outcome = await client.send({
    does: 'complete',
    groups: [[{ key, state }]],
    method: 'POST',
    bucket: BUCKETS.plain,
    key,
    options: {
      query: { uploadId },
      body: `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`,
    },
  });
  const digests = Buffer.concat(parts.map(({ md5 }) => Buffer.from(md5, 'hex')));
  const etag = `"${createHash('md5').update(digests).digest('hex')}-${parts.length}"`;
  if (typeof outcome !== 'string' && text(outcome.text, 'ETag') !== etag)
    problems.push(`complete ${key}: ${outcome.text.slice(0, 300)}, expected ETag ${etag}`);
  return outcome;
}
