/** @module Live uploads over raw connections: a body that is sent piece by piece, and a reader that sees where it breaks. */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

import { formatHead, RawConnection } from './raw-http.ts';
import type { RawResponse } from './raw-http.ts';
import type { S3, S3RequestOptions } from './s3.ts';
import { texts } from './xml.ts';

export interface LiveUpload {
  send(bytes: Buffer | string): Promise<void>;
  /** Ends the body, and reads the answer. */
  end(): Promise<RawResponse>;
  /** Vanishes in the middle. */
  vanish(): void;
  readonly connection: RawConnection;
}

/** A PUT of unknown length: unsigned payload, in HTTP's chunks. */
export async function startLivePut(
  s3: S3,
  path: string,
  options: Pick<S3RequestOptions, 'query' | 'headers'> = {},
): Promise<LiveUpload> {
  const headers = { 'x-cistern-live': 'true', ...(options.headers as Record<string, string> | undefined) };
  const put = s3.prepare('PUT', path, { ...options, headers, payload: 'UNSIGNED-PAYLOAD' });
  const connection = await RawConnection.open(s3.endpoint);
  const framing = [
    ['transfer-encoding', 'chunked'],
    ['expect', '100-continue'],
  ] as const;
  await connection.send(formatHead('PUT', put.target, [...put.headers, ...framing]));
  const answer = await connection.read();
  assert.equal(answer.status, 100, answer.body.toString());
  return {
    connection,
    send: async (bytes) => {
      const data = Buffer.from(bytes);
      await connection.send(
        Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]),
      );
    },
    end: async () => {
      await connection.send('0\r\n\r\n');
      return connection.read();
    },
    vanish: () => connection.abort(),
  };
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
    destroy: () => sent.destroy(),
  };
}
