/**
 * @module Large uploads of which nothing is sent: every part is a copy of one small object.
 */

import { randomFillSync } from 'node:crypto';
import { type Bench, OBJECT_BUCKET } from '../bench.ts';
import { replayWithNode } from '../load/node-replay.ts';
import type { ReplayResult } from '../load/replay.ts';
import { PART_BYTES_MIN, partPath, type Upload } from '../multipart.ts';
import { type RequestFile, writeRequests } from '../requests.ts';
import { sendOk } from '../s3-client.ts';
import { formatSize } from '../units.ts';

export const COPY_CONNECTIONS = 16;

const SOURCE_PATH = `/${OBJECT_BUCKET}/${PART_BYTES_MIN}/copied-as-parts`;

/** Makes the object that is copied, and signs a request for each part of the upload. */
export async function preparePartCopies(bench: Bench, upload: Upload, parts: number): Promise<RequestFile> {
  const body = randomFillSync(Buffer.allocUnsafe(PART_BYTES_MIN));
  await sendOk(bench.target, 'PUT', SOURCE_PATH, { body });
  return writeRequests({
    target: bench.target,
    scratch: bench.scratch,
    name: 'part-copies',
    method: 'PUT',
    bucket: OBJECT_BUCKET,
    keys: Array.from({ length: parts }, (_, index) =>
      partPath(upload, index + 1).slice(`/${OBJECT_BUCKET}/`.length),
    ),
    // Without a length a PUT has no end for some servers.
    headers: () => [
      ['content-length', '0'],
      ['x-amz-copy-source', SOURCE_PATH],
    ],
  });
}

/** Every request is answered exactly once before it resolves. */
export function copyParts(bench: Bench, requests: RequestFile): Promise<ReplayResult> {
  const { endpoint } = bench.target;
  return replayWithNode({
    endpoint,
    requests,
    connections: COPY_CONNECTIONS,
    seconds: Infinity,
    once: true,
  });
}

/**
 * Whether a row is left out because another server may copy bytes where ours takes references, and would write more of
 * them than --volume allows.
 */
export function isTooMuchToCopy(bench: Bench, id: string, bytes: number): boolean {
  const { endpoint, volumeBytes } = bench.options;
  if (endpoint === undefined || bytes <= volumeBytes) return false;
  bench.progress(
    `${id} is left out: a server that copies bytes writes ${formatSize(bytes)}, more than --volume`,
  );
  return true;
}
