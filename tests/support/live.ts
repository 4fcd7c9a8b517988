/** @module Live uploads over raw connections: a body that is sent piece by piece, and a reader that sees where it breaks. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

import { multipartETag } from '@cistern/protocol';
import type { ChunkSigningContext } from '@cistern/protocol';
import { eventually } from './eventually.ts';
import { formatHead, RawConnection } from './raw-http.ts';
import type { RawResponse } from './raw-http.ts';
import { objectPath } from './s3.ts';
import type { S3, S3RequestOptions, S3Response } from './s3.ts';
import { text, texts } from './xml.ts';

export interface LiveUpload {
  send(bytes: Buffer | string): Promise<void>;
  /** Ends the body; @returns the answer, which must have that status, and that code if it is an error */
  end(status?: number, code?: string): Promise<RawResponse>;
  /** The same of an answer that comes before the end of the body. */
  answer(status: number, code?: string): Promise<RawResponse>;
  /** Vanishes in the middle. */
  vanish(): void;
  /** What the first signed chunk builds on. */
  readonly signing: ChunkSigningContext;
  readonly connection: RawConnection;
}

export interface LivePutOptions extends Pick<S3RequestOptions, 'query' | 'headers'> {
  /** Default: UNSIGNED-PAYLOAD. */
  readonly payload?: string;
}

/** A PUT of unknown length, in HTTP's chunks; what they hold is the caller's. */
export async function startLivePut(s3: S3, path: string, options: LivePutOptions = {}): Promise<LiveUpload> {
  const { payload = 'UNSIGNED-PAYLOAD' } = options;
  const headers = { 'x-cistern-live': 'true', ...(options.headers as Record<string, string> | undefined) };
  let signing: ChunkSigningContext | undefined;
  const body = (context: ChunkSigningContext): Buffer => {
    signing = context;
    return Buffer.alloc(0);
  };
  const put = s3.prepare('PUT', path, { ...options, headers, payload, body });
  assert.ok(signing !== undefined);
  const connection = await RawConnection.open(s3.endpoint);
  const framing = [
    ['transfer-encoding', 'chunked'],
    ['expect', '100-continue'],
  ] as const;
  await connection.send(formatHead('PUT', put.target, [...put.headers, ...framing]));
  const answer = await connection.read();
  assert.equal(answer.status, 100, answer.body.toString());
  const read = async (status: number, code?: string): Promise<RawResponse> => {
    const response = await connection.read();
    connection.close();
    const shown = response.body.toString();
    assert.equal(response.status, status, shown);
    if (code !== undefined) assert.equal(text(shown, 'Code'), code);
    return response;
  };
  return {
    connection,
    signing,
    send: async (bytes) => {
      const data = Buffer.from(bytes);
      await connection.send(
        Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]),
      );
    },
    end: async (status = 200, code) => {
      await connection.send('0\r\n\r\n');
      return read(status, code);
    },
    answer: read,
    vanish: () => connection.abort(),
  };
}

/** One key, and what is asked about its uploads. */
export class LiveKey {
  readonly path: string;
  readonly #s3: S3;
  readonly bucket: string;
  readonly key: string;

  constructor(s3: S3, bucket: string, key: string) {
    this.#s3 = s3;
    this.bucket = bucket;
    this.key = key;
    this.path = objectPath(bucket, key);
  }

  begin(options: LivePutOptions = {}): Promise<LiveUpload> {
    return startLivePut(this.#s3, this.path, options);
  }

  /** Goes on with an upload. */
  resume(id: string, offset: number): Promise<LiveUpload> {
    const headers = { 'x-amz-write-offset-bytes': String(offset) };
    return this.begin({ query: `cistern-upload=${id}`, headers });
  }

  /** A request for what has come of an upload. */
  read(method: string, id: string, headers: Record<string, string> = {}): Promise<S3Response> {
    return this.#s3.object(method, this.bucket, this.key, { query: `cistern-upload=${id}`, headers });
  }

  follow(id: string, headers: Record<string, string> = {}): Promise<Follower> {
    return follow(this.#s3, this.path, id, headers);
  }

  object(): Promise<S3Response> {
    return this.#s3.object('GET', this.bucket, this.key);
  }

  /** The id of its only upload, once that is there. */
  async upload(): Promise<string> {
    let id: string | undefined;
    await eventually(async () => {
      [id] = await uploadsOf(this.#s3, this.bucket, this.key);
      assert.ok(id !== undefined);
    });
    return id as string;
  }

  /** Waits until so much of it can be read. */
  async committed(id: string, size: number): Promise<void> {
    await eventually(async () => {
      const { headers } = await this.read('HEAD', id);
      assert.equal(headers['x-cistern-upload-size'], String(size));
    });
  }

  async stateOf(id: string): Promise<string | undefined> {
    return (await this.read('HEAD', id)).headers['x-cistern-upload-state'];
  }
}

/** As S3 makes them of parts. */
export function etagOfParts(bytes: Buffer, partBytes: number): string {
  const digests: string[] = [];
  for (let at = 0; at < bytes.length; at += partBytes)
    digests.push(
      createHash('md5')
        .update(bytes.subarray(at, at + partBytes))
        .digest('hex'),
    );
  return `"${multipartETag(digests)}"`;
}

/** The ids of a key's uploads, oldest first. */
export async function uploadsOf(s3: S3, bucket: string, key: string): Promise<string[]> {
  const listed = await s3.object('GET', bucket, key, { query: 'cistern-uploads' });
  assert.equal(listed.status, 200, listed.text);
  return texts(listed.text, 'UploadId');
}

export interface Follower {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Bytes that have come so far. */
  readonly received: () => Buffer;
  /** Resolves when so many bytes have come. */
  until(length: number): Promise<void>;
  /** Resolves at a normal end, and rejects when the body breaks. */
  readonly ended: Promise<Buffer>;
  /** Takes nothing more until `resume`. */
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** Reads an upload while it is written. */
export async function follow(
  s3: S3,
  path: string,
  uploadId: string,
  headers: Record<string, string> = {},
): Promise<Follower> {
  const query = `cistern-upload=${uploadId}`;
  const get = s3.prepare('GET', path, { query, headers: { 'x-cistern-follow': 'true', ...headers } });
  const { hostname, port } = new URL(s3.endpoint);
  const sent = request({
    hostname,
    port,
    method: 'GET',
    path: get.target,
    headers: get.headers.flat(),
    agent: false,
  });
  sent.end();
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
  const chunks: Buffer[] = [];
  const state = { length: 0, over: false };
  let wake: (() => void) | undefined;
  const ended = new Promise<Buffer>((resolve, reject) => {
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      state.length += chunk.length;
      wake?.();
    });
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
    response.on('close', () => {
      state.over = true;
      wake?.();
    });
  });
  ended.catch(() => undefined);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    received: () => Buffer.concat(chunks),
    until: async (wanted) => {
      while (state.length < wanted) {
        if (state.over) throw new Error(`the body ended after ${state.length} bytes of ${wanted}`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
    ended,
    pause: () => void response.pause(),
    resume: () => void response.resume(),
    destroy: () => sent.destroy(),
  };
}
