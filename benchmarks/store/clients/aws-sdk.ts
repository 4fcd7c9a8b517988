/** `@aws-sdk/client-s3` with `@aws-sdk/lib-storage`, as its manual uses them. */

import { Agent } from 'node:http';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { Readable } from 'node:stream';
import type { Client, ClientTarget } from './client.ts';

export function openClient({ endpoint, bucket, region, ...credentials }: ClientTarget): Promise<Client> {
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestHandler: { httpAgent: new Agent({ keepAlive: true, maxSockets: 64 }) },
  });
  const read = async (Key: string): Promise<Uint8Array> => {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    if (Body === undefined) throw new Error('no body');
    return Body.transformToByteArray();
  };
  return Promise.resolve({
    put: async (Key, Body) => {
      await client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));
    },
    get: async (key) => (await read(key)).byteLength,
    putStream: async (Key, chunks) => {
      const Body = Readable.from(chunks, { objectMode: false });
      await new Upload({ client, params: { Bucket: bucket, Key, Body } }).done();
    },
    // Without parallel ranges or a read into given memory of its own: its stream is copied as it comes.
    getInto: async (Key, into) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
      let position = 0;
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        into.set(chunk, position);
        position += chunk.byteLength;
      }
    },
    list: async (Prefix) => {
      let count = 0;
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(
          new ListObjectsV2Command({ Bucket: bucket, Prefix, ContinuationToken }),
        );
        count += page.Contents?.length ?? 0;
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return count;
    },
    close: () => {
      client.destroy();
      return Promise.resolve();
    },
  });
}
