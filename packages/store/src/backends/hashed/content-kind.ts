/**
 * The hashed backend by content: the key is the SHA-256 of the bytes in lower-case hexadecimal digits, and the file `ab/cd/<key>` has
 * the bytes and nothing else: `sha256sum` checks the store. The order of keys is that of folders: listings hold one at a time.
 */

import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { StoreError, throwIfAborted } from '../../errors.ts';
import type { ListedObject } from '../../object-store.ts';
import type { Area } from '../files/area.ts';
import { stateOf } from '../files/file-state.ts';
import { unless } from '../files/file-system.ts';
import type { FolderKind, WalkRequest } from '../files/folder-store.ts';
import type { Layout } from '../files/layout.ts';
import { isWanted, mayHaveWanted } from '../files/roll-up.ts';
import { eachHashFolder } from './hash-folders.ts';
import { HASHED_CAPABILITIES, hashedPath } from './hashed-kind.ts';

const KEY = /^[0-9a-f]{64}$/;
const NOTHING = new Uint8Array(0);

export function contentKind({ durable }: { durable: boolean }): FolderKind {
  return {
    name: 'hashed',
    capabilities: {
      ...HASHED_CAPABILITIES,
      durable,
      attributes: false,
      metadataBytesMax: 0,
      serverSideCopy: true,
      // The key would have to be known before the bytes.
      uploads: false,
      serverSideComplete: false,
      keyBytesMax: 64,
    },
    layout,
    walk: (area, request) => walkContent(area, request),
    checkKey: (key, operation) => {
      if (KEY.test(key)) return;
      throw new StoreError(
        'InvalidKey',
        `A key of this store is a SHA-256 in 64 lower-case hexadecimal digits`,
        {
          operation,
          key,
        },
      );
    },
    checkBody,
  };
}

function layout({ root }: Area): Layout {
  return {
    shared: false,
    sidecars: false,
    place: (key) => ({ path: hashedPath(root, key) }),
    above: () => [],
    header: () => NOTHING,
    readHeader: () => Promise.resolve(undefined),
  };
}

/** Passes bytes on, and has their hash at their end. */
export async function* hashing(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* checkBody(key: string, chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  yield* hashing(chunks, hash);
  const found = hash.digest('hex');
  if (found === key) return;
  throw new StoreError(
    'InvalidArgument',
    `The SHA-256 of this body is ${found}: that is its key, not ${key}`,
    { key },
  );
}

async function* walkContent(area: Area, { prefix, seek, signal }: WalkRequest): AsyncGenerator<ListedObject> {
  const mayHave = (beginning: string): boolean =>
    mayHaveWanted(beginning, seek) && (beginning.startsWith(prefix) || prefix.startsWith(beginning));
  for await (const files of eachHashFolder(area, mayHave)) {
    for (const { hash: key, path } of files) {
      throwIfAborted(signal, 'list');
      if (!key.startsWith(prefix) || !isWanted(key, seek)) continue;
      const stats = await unless(area.fs.lstat(path, { bigint: true }), 'ENOENT');
      if (stats?.isFile() !== true) continue;
      const { size, etag, lastModified } = stateOf(stats);
      yield { type: 'object', key, size, etag, lastModified };
    }
  }
}
