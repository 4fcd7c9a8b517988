/** The files backend: a key is a path, and a file has an object's bytes and nothing else. */

import { join } from 'node:path';
import type { Capabilities } from '../../capabilities.ts';
import type { FolderKind } from './folder-store.ts';
import { KeyPaths } from './key-paths.ts';
import type { Layout } from './layout.ts';
import { walk } from './walk.ts';

const NOTHING = new Uint8Array(0);

const CAPABILITIES: Capabilities = {
  write: true,
  create: true,
  ifMatch: false,
  attributes: true,
  versions: false,
  durable: true,
  list: true,
  serverSideCopy: true,
  uploads: true,
  serverSideComplete: true,
  presign: false,
  keyBytesMax: 1024,
  objectBytesMax: Number.MAX_SAFE_INTEGER,
  metadataBytesMax: 2048,
  partBytesMin: 1,
};

export function filesKind({ durable, portable }: { durable: boolean; portable: boolean }): FolderKind {
  const paths = new KeyPaths({ portable });
  return {
    name: 'files',
    capabilities: { ...CAPABILITIES, durable },
    layout: ({ root }) => filesLayout(root, paths),
    walk: (area, request) => walk({ area, paths, ...request }),
  };
}

function filesLayout(root: string, paths: KeyPaths): Layout {
  return {
    shared: true,
    sidecars: true,
    place: (key) => ({
      path: join(root, ...paths.toNames(key)),
      beside: join(root, ...paths.toNames(key, true)),
    }),
    above: (key) => {
      const segments = key.split('/');
      const keys = segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
      return keys.filter((above) => above !== '');
    },
    header: () => NOTHING,
    readHeader: () => Promise.resolve(undefined),
  };
}
