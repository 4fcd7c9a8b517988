/**
 * @module Multipart uploads, an operation a function: what rows prepare, measure and clean up with. Nothing is retried.
 */

import { send, sendOk, textOf } from './s3-client.ts';
import type { Target } from './target.ts';

/** The least that S3 takes for every part but the last. */
export const PART_BYTES_MIN = 5 * 2 ** 20;

/** `path` is that of the object, percent-encoded. */
export interface Upload {
  path: string;
  id: string;
}

export interface ListedPart {
  number: number;
  /** as XML, quotes included */
  etag: string;
}

export async function createUpload(target: Target, path: string): Promise<Upload> {
  const answer = await sendOk(target, 'POST', `${path}?uploads=`, { body: Buffer.alloc(0) });
  const id = textOf(answer.body.toString(), 'UploadId');
  if (id === undefined) throw new Error(`no upload id for ${path}`);
  return { path, id };
}

/** Path and query of a part. */
export function partPath({ path, id }: Upload, number: number): string {
  return `${path}?partNumber=${number}&uploadId=${encodeURIComponent(id)}`;
}

/** All parts that have arrived, ascending. */
export async function listParts(target: Target, { path, id }: Upload): Promise<ListedPart[]> {
  const parts: ListedPart[] = [];
  for (;;) {
    const after = parts.at(-1)?.number ?? 0;
    const query = `part-number-marker=${after}&uploadId=${encodeURIComponent(id)}`;
    const page = (await sendOk(target, 'GET', `${path}?${query}`)).body.toString();
    const more = partsOf(page);
    parts.push(...more);
    if (more.length === 0 || textOf(page, 'IsTruncated') !== 'true') return parts;
  }
}

/** The parts of one page of ListParts, their elements in any order. */
export function partsOf(page: string): ListedPart[] {
  return [...page.matchAll(/<Part>.*?<\/Part>/gs)].map(([part]) => ({
    number: Number(/<PartNumber>(\d+)</.exec(part)?.[1]),
    etag: /<ETag>([^<]*)</.exec(part)?.[1] ?? '',
  }));
}

/** The body of CompleteMultipartUpload. */
export function completionOf(parts: readonly ListedPart[]): Buffer {
  const list = parts.map(
    ({ number, etag }) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
  );
  return Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`);
}

/** Throws also when an answer of 200 has an error in its body, as S3 allows itself. */
export async function completeUpload(target: Target, { path, id }: Upload, body: Buffer): Promise<void> {
  const answer = await sendOk(target, 'POST', `${path}?uploadId=${encodeURIComponent(id)}`, { body });
  const xml = answer.body.toString();
  if (!xml.includes('<CompleteMultipartUploadResult'))
    throw new Error(`${path} was not completed: ${xml.slice(0, 400)}`);
}

/** Whatever the answer: the upload may have ended already. */
export async function abortUpload(target: Target, { path, id }: Upload): Promise<void> {
  await send(target, 'DELETE', `${path}?uploadId=${encodeURIComponent(id)}`);
}

/** Content-Length of an object; throws when it is not there. */
export async function objectBytes(target: Target, path: string): Promise<number> {
  return Number((await sendOk(target, 'HEAD', path)).headers['content-length']);
}
