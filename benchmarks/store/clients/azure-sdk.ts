/** `@azure/storage-blob`, as its manual uses it. */

import { Readable } from 'node:stream';
import { importPeer } from '../peers.ts';
import type { Client, ClientTarget } from './client.ts';

interface BlockBlob {
  uploadData(bytes: Uint8Array): Promise<unknown>;
  uploadStream(stream: Readable, bufferSize: number, concurrency: number): Promise<unknown>;
  downloadToBuffer(into?: Buffer, offset?: number, count?: number): Promise<Buffer>;
}
interface Container {
  getBlockBlobClient(key: string): BlockBlob;
  listBlobsFlat(options: { prefix: string }): AsyncIterable<unknown>;
}
interface Sdk {
  StorageSharedKeyCredential: new (account: string, key: string) => object;
  BlobServiceClient: new (url: string, credential: object) => { getContainerClient(name: string): Container };
}

const BLOCK_BYTES = 8 * 1024 * 1024;
const CONCURRENT = 4;

export async function openClient(target: ClientTarget): Promise<Client> {
  const sdk = (await importPeer('@azure/storage-blob')) as Sdk;
  const credential = new sdk.StorageSharedKeyCredential(target.accessKeyId, target.secretAccessKey);
  const container = new sdk.BlobServiceClient(target.endpoint, credential).getContainerClient(target.bucket);
  return {
    put: async (key, bytes) => {
      await container.getBlockBlobClient(key).uploadData(bytes);
    },
    get: async (key) => (await container.getBlockBlobClient(key).downloadToBuffer()).byteLength,
    putStream: async (key, chunks) => {
      const stream = Readable.from(chunks, { objectMode: false });
      await container.getBlockBlobClient(key).uploadStream(stream, BLOCK_BYTES, CONCURRENT);
    },
    getInto: async (key, into) => {
      await container.getBlockBlobClient(key).downloadToBuffer(asBuffer(into), 0, into.byteLength);
    },
    list: async (prefix) => {
      let count = 0;
      for await (const item of container.listBlobsFlat({ prefix })) if (item !== null) count++;
      return count;
    },
    close: () => Promise.resolve(),
  };
}

/** It takes nothing else for memory. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
