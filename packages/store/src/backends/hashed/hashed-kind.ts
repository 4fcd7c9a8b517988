/** The hashed backend: the object of a key is the file `ab/cd/<SHA-256 of the key>`, with a header. Any key is a short path. */

import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Capabilities } from '../../capabilities.ts';
import { StoreError } from '../../errors.ts';
import type { Area } from '../files/area.ts';
import type { FolderKind } from '../files/folder-store.ts';
import type { Layout } from '../files/layout.ts';
import { encodeHeader, readHeader } from './header.ts';
import { scanKeys } from './scan-keys.ts';

export const HASHED_CAPABILITIES: Capabilities = {
  write: true,
  create: true,
  ifMatch: false,
  attributes: true,
  versions: false,
  durable: true,
  list: true,
  // The key stands in the file: a copy is written anew.
  serverSideCopy: false,
  uploads: true,
  serverSideComplete: true,
  presign: false,
  keyBytesMax: 1024,
  objectBytesMax: Number.MAX_SAFE_INTEGER,
  metadataBytesMax: 2048,
  partBytesMin: 1,
};

export function hashedKind({ durable, runKeysMax }: { durable: boolean; runKeysMax: number }): FolderKind {
  return {
    name: 'hashed',
    capabilities: { ...HASHED_CAPABILITIES, durable },
    layout,
    walk: (area, request) => scanKeys({ area, runKeysMax, ...request }),
  };
}

/** `ab/cd/abcd…` below the root. */
export function hashedPath(root: string, hash: string): string {
  return join(root, hash.slice(0, 2), hash.slice(2, 4), hash);
}

function layout({ root }: Area): Layout {
  return {
    shared: false,
    sidecars: false,
    place: (key) => ({ path: hashedPath(root, createHash('sha256').update(key).digest('hex')) }),
    above: () => [],
    header: encodeHeader,
    readHeader: async (handle, key) => {
      const header = await readHeader(handle);
      if (header.key === key) return header;
      throw new StoreError('Corrupt', `The file of ${key} says that it is that of ${header.key}`, { key });
    },
  };
}
