/** `opendal`: Apache OpenDAL's Rust core in Node. */

import { importPeer } from '../peers.ts';
import type { Client, ClientTarget } from './client.ts';

interface Reader {
  createReadStream(): AsyncIterable<Buffer>;
}
interface Writer {
  write(bytes: Buffer): Promise<void>;
  close(): Promise<void>;
}
interface Lister {
  next(): Promise<unknown>;
}
interface Operator {
  write(path: string, bytes: Buffer): Promise<void>;
  read(path: string, options?: { chunk?: number; concurrent?: number }): Promise<Buffer>;
  reader(path: string): Promise<Reader>;
  writer(path: string, options?: { chunk?: bigint; concurrent?: number }): Promise<Writer>;
  lister(path: string, options?: { recursive?: boolean; limit?: number }): Promise<Lister>;
}

/** As large, and as many at once, as ours. */
const CHUNK = 8n * 1024n * 1024n;
const CONCURRENT = 4;

export async function openClient(target: ClientTarget): Promise<Client> {
  const opendal = (await importPeer('opendal')) as {
    Operator: new (scheme: string, options: Record<string, string>) => Operator;
  };
  const operator = new opendal.Operator('s3', {
    root: '/',
    endpoint: target.endpoint,
    bucket: target.bucket,
    region: target.region,
    access_key_id: target.accessKeyId,
    secret_access_key: target.secretAccessKey,
  });
  return {
    put: (key, bytes) => operator.write(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
    get: async (key) => (await operator.read(key)).byteLength,
    putStream: async (key, chunks) => {
      const writer = await operator.writer(key, { chunk: CHUNK, concurrent: CONCURRENT });
      for await (const chunk of chunks) {
        await writer.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      }
      await writer.close();
    },
    // It has no read into given memory: what it allocates is copied there.
    getInto: async (key, into) => {
      into.set(await operator.read(key, { chunk: Number(CHUNK), concurrent: CONCURRENT }));
    },
    list: async (prefix) => {
      const lister = await operator.lister(prefix, { recursive: true });
      let count = 0;
      while ((await lister.next()) !== null) count++;
      return count;
    },
    close: () => Promise.resolve(),
  };
}
