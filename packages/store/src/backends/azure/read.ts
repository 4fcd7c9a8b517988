/** Reads of one blob: its info, its body as a stream, and its bytes into the caller's memory. */

import { createHash } from 'node:crypto';
import { checkRange, resolveRange } from '../../byte-range.ts';
import type { Span } from '../../byte-range.ts';
import { checkGetConditions } from '../../conditions.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import { headRead, objectRead } from '../../object-read.ts';
import type { GetOptions, ObjectInfo, ObjectRead, ReadIntoOptions, ReadTarget } from '../../object-store.ts';
import { fitTargets } from '../../read-targets.ts';
import { planRanges, RangeWriter } from '../../ranges/plan.ts';
import type { PlannedRange } from '../../ranges/plan.ts';
import type { AnswerHeaders, Headers } from './attributes.ts';
import type { AzureClient, AzureRequest, AzureResponse } from './client.ts';
import { connectionError } from './errors.ts';
import { etagOf, quoteEtag, readInfo } from './info.ts';

export interface Blob {
  readonly client: AzureClient;
  readonly container: string;
  readonly key: string;
  readonly operation: StoreOperation;
}

type Conditions = Pick<GetOptions, 'ifMatch' | 'ifNoneMatch' | 'version' | 'signal'>;

/** Bytes fetched at once into the caller's memory. */
const RANGE_BYTES = 8 * 1024 * 1024;
const CONCURRENCY = 8;
/** Fetching this much that nobody wants is faster than another request. */
const GAP_BYTES = 64 * 1024;

function request(
  { client: _client, ...blob }: Blob,
  method: 'GET' | 'HEAD',
  options: Conditions,
  range?: { start: number; end?: number | undefined },
): AzureRequest {
  const headers: Headers = {};
  if (options.ifMatch !== undefined) headers['if-match'] = quoteEtag(options.ifMatch);
  if (options.ifNoneMatch !== undefined) headers['if-none-match'] = quoteEtag(options.ifNoneMatch);
  if (range !== undefined) {
    headers['x-ms-range'] = `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`;
  }
  return {
    method,
    container: blob.container,
    blob: blob.key,
    key: blob.key,
    operation: blob.operation,
    query: { versionid: options.version },
    headers,
    signal: options.signal,
  };
}

export async function headBlob(
  blob: Blob,
  options: Conditions = {},
): Promise<{ info: ObjectInfo; headers: AnswerHeaders }> {
  const headers = await blob.client.call(request(blob, 'HEAD', options));
  return { info: readInfo(headers, blob.key, blob.operation), headers };
}

export async function getBlob(blob: Blob, options: GetOptions): Promise<ObjectRead> {
  if (options.head === true) return headRead((await headBlob(blob, options)).info);
  if (options.range !== undefined) checkRange(options.range, blob.key);
  let range = options.range;
  let pinned: Conditions = options;
  if (range !== undefined && 'suffix' in range) {
    // The service knows no ranges from the end.
    const { info } = await headBlob(blob, options);
    range = resolveRange(range, info.size, blob.key);
    if (range.start === info.size) return { ...headRead(info), range: { start: info.size, end: info.size } };
    pinned = { ...options, ifMatch: info.etag, ifNoneMatch: undefined };
  }
  const response = await blob.client.send(request(blob, 'GET', pinned, range)).catch((error: unknown) => {
    if (pinned === options || options.ifMatch !== undefined) throw error;
    throw isStoreError(error, 'PreconditionFailed') ? changed(blob, error) : error;
  });
  response.body.on('error', () => undefined);
  let info: ObjectInfo;
  let span: Span;
  try {
    info = readInfo(response.headers, blob.key, blob.operation);
    checkGetConditions(pinned, info.etag, blob.operation, blob.key);
    span = resolveRange(range, info.size, blob.key);
    checkSent(response.headers, span, info, blob);
  } catch (error) {
    response.body.destroy();
    throw error;
  }
  const close = (): Promise<void> => {
    response.body.destroy();
    return Promise.resolve();
  };
  let body = chunksOf(response, span.end - span.start, blob, options.signal);
  const { 'content-md5': expected } = response.headers;
  if (blob.client.verify && typeof expected === 'string' && span.end - span.start === info.size) {
    body = verified(body, expected, blob);
  }
  return objectRead(info, span, body, close);
}

/** Whether the bytes that come are those that were asked for: a proxy may have ignored the range. */
function checkSent(headers: AnswerHeaders, { start, end }: Span, { size }: ObjectInfo, blob: Blob): void {
  const range = headers['content-range'];
  const [, first, last] = typeof range === 'string' ? (/^bytes (\d+)-(\d+)\//.exec(range) ?? []) : [];
  const sent =
    range === undefined ? { start: 0, end: size } : { start: Number(first), end: Number(last) + 1 };
  if (sent.start === start && sent.end === end) return;
  throw new StoreError('Unexpected', `Other bytes of ${blob.key} came than were asked for`, {
    operation: blob.operation,
    key: blob.key,
  });
}

/** The body's chunks, which reject when they end before `size` bytes or go beyond them. */
async function* chunksOf(
  { body }: AzureResponse,
  size: number,
  { operation, key }: Blob,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let missing = size;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      missing -= chunk.byteLength;
      if (missing < 0) break;
      yield chunk;
    }
  } catch (error) {
    throw connectionError(error, { operation, key, signal });
  } finally {
    body.destroy();
  }
  if (missing !== 0) throw wrongLength(operation, key);
}

/** @param expected the MD5 in base64 */
async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  expected: string,
  { operation, key }: Blob,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('md5');
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('base64') !== expected) {
    throw new StoreError('Corrupt', `The bytes of ${key} do not have the MD5 that Azure keeps of them`, {
      operation,
      key,
    });
  }
}

function changed({ operation, key }: Blob, cause?: unknown): StoreError {
  return new StoreError('Conflict', `${key} was changed while it was read: read it again`, {
    operation,
    key,
    cause,
    retry: 'temporary',
  });
}

function wrongLength(operation: StoreOperation, key: string): StoreError {
  return new StoreError('Unavailable', `Azure sent more or fewer bytes of ${key} than it announced`, {
    operation,
    key,
  });
}

/** The first range tells what the object is; the others are pinned to that state, and fetched beside it. */
export async function readBlobInto(
  blob: Blob,
  targets: readonly ReadTarget[],
  options: ReadIntoOptions,
): Promise<ObjectInfo> {
  const { gap = GAP_BYTES, concurrency = CONCURRENCY } = options;
  const plan = (all: readonly ReadTarget[]): PlannedRange[] =>
    planRanges(all, { rangeBytesMax: RANGE_BYTES, gap });
  const [first] = plan(targets);
  if (first === undefined) return headFor(blob, targets, options);

  const known = Promise.withResolvers<{ info: ObjectInfo; others: PlannedRange[] }>();
  known.promise.catch(() => undefined);
  const control = new AbortController();
  const signal =
    options.signal === undefined ? control.signal : AbortSignal.any([options.signal, control.signal]);
  const fetchFirst = receiveRange(blob, first, { ...options, signal }, (headers) => {
    const info = readInfo(headers, blob.key, blob.operation);
    checkGetConditions({ ifMatch: options.ifMatch }, info.etag, blob.operation, blob.key);
    const [begun, ...others] = plan(fitTargets(targets, options, info.size, blob.key));
    known.resolve({ info, others });
    return begun ?? { start: first.start, end: first.start, targets: [] };
  });
  const running: Promise<void>[] = [fetchFirst];
  try {
    await Promise.race([known.promise, fetchFirst]);
    const { info, others } = await known.promise;
    const queue = others.values();
    const worker = async (): Promise<void> => {
      for (const range of queue) {
        const { etag } = info;
        await receiveRange(blob, range, { ...options, ifMatch: etag, signal }, (headers) => {
          checkGetConditions({ ifMatch: etag }, etagOf(headers), blob.operation, blob.key);
          return range;
        });
      }
    };
    // The first range's connection takes its share when it is through.
    running.push(fetchFirst.then(worker));
    for (let i = Math.min(concurrency - 1, others.length); i > 0; i--) running.push(worker());
    await Promise.all(running);
    return info;
  } catch (error) {
    control.abort();
    // The memory is the caller's again when this rejects.
    await Promise.allSettled(running);
    if (options.signal?.aborted === true) throw connectionError(error, { ...blob, signal: options.signal });
    if (isStoreError(error, 'InvalidRange')) return headFor(blob, targets, options);
    if (isStoreError(error, 'PreconditionFailed') && options.ifMatch === undefined) {
      throw changed(blob, error);
    }
    throw error;
  }
}

/** For targets that no range can be fetched for: they are empty, or the object is, or it is too small. */
async function headFor(
  blob: Blob,
  targets: readonly ReadTarget[],
  options: ReadIntoOptions,
): Promise<ObjectInfo> {
  const { info } = await headBlob(blob, options);
  const fitted = fitTargets(targets, options, info.size, blob.key);
  if (fitted.some(({ into }) => into.byteLength > 0)) {
    throw changed(blob);
  }
  return info;
}

/**
 * @param begin given the answer's headers, says what its bytes are for
 */
export async function receiveRange(
  blob: Blob,
  range: { readonly start: number; readonly end: number },
  options: Conditions,
  begin: (headers: AnswerHeaders) => PlannedRange,
): Promise<void> {
  let writer: RangeWriter | undefined;
  await blob.client.receive(request(blob, 'GET', options, range), (headers) => {
    const into = begin(headers);
    const started = /^bytes (\d+)-/.exec(String(headers['content-range']))?.[1];
    if (into.targets.length > 0 && Number(started) !== into.start)
      throw wrongLength(blob.operation, blob.key);
    const filled = (writer = new RangeWriter(into));
    return (chunk) => {
      if (!filled.write(chunk)) throw wrongLength(blob.operation, blob.key);
    };
  });
  if (writer === undefined || writer.missing > 0) throw wrongLength(blob.operation, blob.key);
}
