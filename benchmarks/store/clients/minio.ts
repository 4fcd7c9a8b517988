/** `minio`, the JavaScript client. */

import { Readable } from 'node:stream';
import { Client as Minio } from 'minio';
import type { Client, ClientTarget } from './client.ts';

export function openClient({ endpoint, bucket, region, ...keys }: ClientTarget): Promise<Client> {
  const { hostname, port } = new URL(endpoint);
  const client = new Minio({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    region,
    accessKey: keys.accessKeyId,
    secretKey: keys.secretAccessKey,
    pathStyle: true,
  });
  return Promise.resolve({
    put: async (key, bytes) => {
      await client.putObject(bucket, key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    get: async (key) => {
      let size = 0;
      const chunks: Buffer[] = [];
      for await (const chunk of (await client.getObject(bucket, key)) as AsyncIterable<Buffer>)
        chunks.push(chunk);
      size += Buffer.concat(chunks).byteLength;
      return size;
    },
    putStream: async (key, chunks, size) => {
      await client.putObject(bucket, key, Readable.from(chunks, { objectMode: false }), size);
    },
    getInto: async (key, into) => {
      let position = 0;
      for await (const chunk of (await client.getObject(bucket, key)) as AsyncIterable<Buffer>) {
        into.set(chunk, position);
        position += chunk.byteLength;
      }
    },
    list: async (prefix) => {
      let count = 0;
      for await (const item of client.listObjectsV2(bucket, prefix, true) as AsyncIterable<unknown>)
        if (item !== null) count++;
      return count;
    },
    close: () => Promise.resolve(),
  });
}
