/** GetObject and HeadObject: an object's info, and its body as it comes, checked to be whole. */

import { crc32, encodeQueryComponent } from '@cistern/protocol/client';
import { resolveRange, checkRange } from '../../byte-range.ts';
import { checkGetConditions } from '../../conditions.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { StoreOperation } from '../../errors.ts';
import type { ByteRange, GetOptions, ObjectInfo, ObjectRead } from '../../object-store.ts';
import { headRead, objectRead } from '../../object-read.ts';
import type { BodyQueue } from './body-queue.ts';
import type { S3Request } from './client.ts';
import type { S3Context } from './context.ts';
import { headerOf } from './errors.ts';
import type { ResponseHeaders } from './exchange.ts';
import { quote, readInfo, readSpan } from './object-headers.ts';
import type { ContentSpan, HeaderPairs } from './object-headers.ts';

export type Condition = Pick<GetOptions, 'ifMatch' | 'ifNoneMatch' | 'version' | 'signal'>;

/** A request for an object or for its info. */
export function readRequest(
  operation: StoreOperation,
  key: string,
  { ifMatch, ifNoneMatch, version, signal }: Condition,
  method: 'GET' | 'HEAD' = 'GET',
): S3Request & { headers: HeaderPairs } {
  const headers: HeaderPairs = [];
  if (ifMatch !== undefined) headers.push(['if-match', quote(ifMatch)]);
  if (ifNoneMatch !== undefined) headers.push(['if-none-match', quote(ifNoneMatch)]);
  const query = version === undefined ? undefined : `versionId=${encodeQueryComponent(version)}`;
  return { operation, key, object: key, method, headers, query, signal };
}

export async function headObject(
  { client }: S3Context,
  operation: StoreOperation,
  key: string,
  options: Condition,
): Promise<{ info: ObjectInfo; headers: ResponseHeaders }> {
  const { headers } = await client.send(readRequest(operation, key, options, 'HEAD'));
  const info = readInfo(key, headers, Number(headerOf(headers, 'content-length') ?? 0));
  checkGetConditions(options, info.etag, operation, key);
  return { info, headers };
}

export async function getObject(context: S3Context, key: string, options: GetOptions): Promise<ObjectRead> {
  const { range } = options;
  if (range !== undefined) checkRange(range, key);
  if (options.head === true) return headRead((await headObject(context, 'get', key, options)).info);
  const suffix = range !== undefined && 'suffix' in range;
  // HTTP cannot say "the last 0 bytes".
  if (suffix && range.suffix === 0) return emptyEnd(context, key, options);
  const request = readRequest('get', key, options);
  if (range !== undefined) request.headers.push(['range', formatRange(range)]);
  else if (context.checksums) request.headers.push(['x-amz-checksum-mode', 'ENABLED']);
  try {
    const { status, headers, body } = await context.client.stream(request);
    let span: ContentSpan;
    let info: ObjectInfo;
    try {
      span = readSpan(status, headers, key);
      info = readInfo(key, headers, span.size);
      checkAnswer(key, info, span, options);
    } catch (error) {
      await body.return();
      throw error;
    }
    const checksum = range === undefined ? wholeCrc32(headers) : undefined;
    const fail = (error: unknown): StoreError => context.client.bodyFailure(error, request);
    const { start, end } = span;
    return objectRead(info, { start, end }, new CheckedBody(body, key, end - start, checksum, fail));
  } catch (error) {
    // An empty object has no range at all, and yet a last N bytes: none.
    if (suffix && isStoreError(error, 'InvalidRange')) return emptyEnd(context, key, options, error);
    throw error;
  }
}

/** Services differ in what they heed of a request: what they ignored must not pass for what was asked for. */
function checkAnswer(key: string, info: ObjectInfo, span: ContentSpan, options: GetOptions): void {
  checkGetConditions(options, info.etag, 'get', key);
  const { start, end } = resolveRange(options.range, span.size, key);
  if (start === span.start && end === span.end) return;
  throw new StoreError('Unexpected', `Other bytes of ${key} came than were asked for`, {
    operation: 'get',
    key,
  });
}

async function emptyEnd(
  context: S3Context,
  key: string,
  options: GetOptions,
  cause?: unknown,
): Promise<ObjectRead> {
  const { info } = await headObject(context, 'get', key, options);
  const { start, end } = resolveRange(options.range, info.size, key);
  if (start < end) {
    throw new StoreError('Conflict', `${key} was changed while it was read: read it again`, {
      operation: 'get',
      key,
      cause,
      retry: 'temporary',
    });
  }
  return { ...headRead(info), range: { start: info.size, end: info.size } };
}

export function formatRange(range: ByteRange): string {
  if ('suffix' in range) return `bytes=-${range.suffix}`;
  return `bytes=${range.start}-${range.end === undefined ? '' : range.end - 1}`;
}

/** The CRC-32 of all bytes of an answer, where the service keeps one: not that of a composite of parts (`-N`). */
export function wholeCrc32(headers: ResponseHeaders): number | undefined {
  const value = headerOf(headers, 'x-amz-checksum-crc32');
  if (value === undefined || value.length !== 8 || headerOf(headers, 'x-amz-checksum-type') === 'COMPOSITE') {
    return undefined;
  }
  const bytes = Buffer.from(value, 'base64');
  return bytes.byteLength === 4 ? bytes.readUInt32BE(0) : undefined;
}

export function damaged(operation: StoreOperation, key: string): StoreError {
  return new StoreError('Corrupt', `What came of ${key} has another checksum than what is stored`, {
    operation,
    key,
    retry: 'temporary',
  });
}

export function cutOff(operation: StoreOperation, key: string, missing: number): StoreError {
  return new StoreError('Unavailable', `The body of ${key} ended ${missing} bytes early`, { operation, key });
}

type Next = IteratorResult<Uint8Array, undefined>;

/** A body that rejects rather than end early, be long, or be damaged. */
class CheckedBody implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #queue: BodyQueue;
  readonly #key: string;
  readonly #checksum: number | undefined;
  readonly #fail: (error: unknown) => StoreError;
  #missing: number;
  #crc = 0;

  constructor(
    queue: BodyQueue,
    key: string,
    size: number,
    checksum: number | undefined,
    fail: (error: unknown) => StoreError,
  ) {
    this.#queue = queue;
    this.#key = key;
    this.#missing = size;
    this.#checksum = checksum;
    this.#fail = fail;
  }

  async next(): Promise<Next> {
    let next: Next;
    try {
      next = await this.#queue.next();
    } catch (error) {
      throw this.#fail(error);
    }
    if (next.done === true) {
      if (this.#missing !== 0) throw cutOff('get', this.#key, this.#missing);
      if (this.#checksum !== undefined && this.#crc !== this.#checksum) throw damaged('get', this.#key);
      return next;
    }
    this.#missing -= next.value.byteLength;
    if (this.#missing < 0) {
      await this.#queue.return();
      throw new StoreError('Unexpected', `More of ${this.#key} came than was announced`, {
        operation: 'get',
        key: this.#key,
      });
    }
    if (this.#checksum !== undefined) this.#crc = crc32(next.value, this.#crc);
    return next;
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    // Left early: nothing is checked any more.
    this.#missing = 0;
    return this.#queue.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
