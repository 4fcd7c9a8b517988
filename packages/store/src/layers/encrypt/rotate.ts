/** Key rotation: an object that an old master key wraps is made one that the current key wraps. */

import { streamSource } from '../../body.ts';
import { StoreError, unsupported } from '../../errors.ts';
import type { CallOptions, ObjectStore } from '../../object-store.ts';
import { toStore } from '../../store.ts';
import { ByteReader } from '../codec/byte-reader.ts';
import { CodecStore } from '../codec/codec-store.ts';
import { EncryptCodec } from './encrypt-codec.ts';
import { HEADER_BYTES } from './format.ts';

/**
 * Wraps an object's key with the current master key. Its blocks stay as they are, so nothing is encrypted again; but stores cannot change the
 * beginning of an object, so that all its bytes are read and written once. It is written only if it has not changed meanwhile.
 * An object that the current key wraps already costs one small read.
 *
 * @param store what `encrypt` has given
 * @returns whether anything had to be done
 * @throws {StoreError} `Unsupported` on a store without `ifMatch`: a change meanwhile would be lost; `PreconditionFailed` when there was one
 */
export async function rotateKey(
  store: ObjectStore,
  key: string,
  { signal }: CallOptions = {},
): Promise<boolean> {
  const layer = toStore(store).inner;
  if (!(layer instanceof CodecStore) || !(layer.codec instanceof EncryptCodec)) {
    throw new StoreError(
      'InvalidArgument',
      `rotateKey takes a store of \`encrypt\`, not ${layer.toString()}`,
      { key },
    );
  }
  const { inner, codec } = layer;
  if (!inner.capabilities.ifMatch)
    throw unsupported(inner, 'put', 'write on a condition, which rotation needs', key);
  const start = await inner.get(key, { range: { start: 0, end: HEADER_BYTES }, signal });
  const { keyId } = codec.readHeader(await new ByteReader(start.body).read(HEADER_BYTES), key);
  await start.close();
  if (keyId === codec.current) return false;

  const read = await inner.get(key, { ifMatch: start.info.etag, signal });
  try {
    const reader = new ByteReader(read.body);
    const { dataKey } = codec.readHeader(await reader.read(HEADER_BYTES), key);
    const { etag, size, attributes } = read.info;
    const stored = rewrapped(codec.header(dataKey), reader);
    await inner.put(key, streamSource(stored, size), { mode: { ifMatch: etag }, attributes, signal });
    return true;
  } finally {
    await read.close();
  }
}

async function* rewrapped(header: Uint8Array, reader: ByteReader): AsyncGenerator<Uint8Array> {
  yield header;
  for (;;) {
    const chunk = await reader.read(CHUNK_BYTES);
    if (chunk.byteLength === 0) return;
    yield chunk;
  }
}

const CHUNK_BYTES = 256 * 1024;
