/**
 * Objects in parts for transfers: blocks that are staged and not committed, which the service keeps for a week. Their names say
 * what they are: which transfer's, which part, and the CRC-32 of its bytes, since the service tells no sums of them.
 */

import { randomBytes } from 'node:crypto';
import { crc32, formatChecksum } from '@cistern/protocol/client';
import { toAttributes } from '../../attributes.ts';
import { isStoreError, StoreError } from '../../errors.ts';
import type { CallOptions } from '../../object-store.ts';
import { sentSlices } from '../../sent-slices.ts';
import type { PartedObject, PartTarget, StoredPart } from '../../transfers/part-target.ts';
import { Publication } from './publish.ts';
import type { Blob } from './read.ts';
import { blockList, CONCURRENCY, evenBlocks } from './write.ts';
import { elements, textOf } from './xml.ts';

/** All blocks of a blob must have names of one length, those of puts included: 16 bytes. */
const ID_BYTES = 8;
const NAME_BYTES = 16;

/** @param blobOf checks the key, too */
export function azureParts(
  blobOf: (key: string, signal: AbortSignal | undefined) => Blob,
  metadataBytesMax: number,
): PartTarget {
  return {
    concurrency: CONCURRENCY,
    partSize: evenBlocks,
    begin: (key, { attributes, mode, signal }) => {
      const kept = toAttributes(attributes, 'put', key, metadataBytesMax);
      // What cannot be published is refused before bytes are sent.
      void new Publication(blobOf(key, signal), { attributes: kept, mode, signal }).headers;
      return Promise.resolve({ key, id: randomBytes(ID_BYTES).toString('base64url') });
    },
    list: async (object, options) => listBlocks(blobOf(object.key, options.signal), object, options),
    send: async (object, number, bytes, { onSent, signal }) => {
      const blob = blobOf(object.key, signal);
      const name = nameOf(object, number, crc32(bytes));
      await blob.client.call({
        method: 'PUT',
        container: blob.container,
        blob: blob.key,
        query: { comp: 'block', blockid: name },
        // An MD5 is made of what is in one piece.
        body: onSent === undefined || blob.client.verify ? bytes : sentSlices(bytes, onSent),
        bodySize: bytes.byteLength,
        operation: blob.operation,
        key: blob.key,
        signal,
      });
      return partOf(name, bytes.byteLength);
    },
    complete: async (object, parts, { attributes, mode, signal }) => {
      const blob = blobOf(object.key, signal);
      const kept = toAttributes(attributes, 'put', object.key, metadataBytesMax);
      const publication = new Publication(blob, { attributes: kept, mode, signal });
      const sent = blob.client.call({
        method: 'PUT',
        container: blob.container,
        blob: blob.key,
        query: { comp: 'blocklist' },
        headers: publication.headers,
        body: blockList(parts.map(({ tag }) => tag)),
        operation: blob.operation,
        key: blob.key,
        signal,
      });
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      return publication.publish(sent, size);
    },
    // The service drops them when the blob is next written, or after a week.
    abort: () => Promise.resolve(),
    // It lists blobs that have such blocks, and of which transfer they are only blob by blob.
    unfinished: async function* () {},
  };
}

async function listBlocks(blob: Blob, object: PartedObject, { signal }: CallOptions): Promise<StoredPart[]> {
  const own = idOf(object);
  let document: string;
  try {
    document = await blob.client.text({
      method: 'GET',
      container: blob.container,
      blob: blob.key,
      query: { comp: 'blocklist', blocklisttype: 'uncommitted' },
      operation: blob.operation,
      key: blob.key,
      signal,
    });
  } catch (error) {
    // Without a blob and without blocks there is no list.
    if (isStoreError(error, 'NotFound')) return [];
    throw error;
  }
  const parts: StoredPart[] = [];
  for (const { content } of elements(document, ['Block'])) {
    const name = textOf(content, 'Name') ?? '';
    const bytes = Buffer.from(name, 'base64');
    const size = Number(textOf(content, 'Size'));
    if (bytes.byteLength !== NAME_BYTES || !bytes.subarray(0, ID_BYTES).equals(own)) continue;
    if (Number.isSafeInteger(size)) parts.push(partOf(name, size));
  }
  return parts.sort((a, b) => a.number - b.number);
}

function idOf({ key, id }: PartedObject): Buffer {
  const bytes = Buffer.from(id, 'base64url');
  if (bytes.byteLength === ID_BYTES) return bytes;
  throw new StoreError('NotFound', `No parts of ${key} have this name`, { operation: 'put', key });
}

function nameOf(object: PartedObject, number: number, crc: number): string {
  const rest = Buffer.alloc(NAME_BYTES - ID_BYTES);
  rest.writeUInt32BE(number, 0);
  rest.writeUInt32BE(crc, 4);
  return Buffer.concat([idOf(object), rest]).toString('base64');
}

function partOf(name: string, size: number): StoredPart {
  const bytes = Buffer.from(name, 'base64');
  return {
    number: bytes.readUInt32BE(ID_BYTES),
    size,
    tag: name,
    crc32: formatChecksum(bytes.subarray(ID_BYTES + 4)),
  };
}
