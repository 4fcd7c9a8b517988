/**
 * Binds a store of blobs to the one data directory whose blobs it holds: two of them would delete what the other still
 * needs. Done once at the start, and proves that the store can be written, read and listed.
 */

import { fileURLToPath } from 'node:url';
import { isStoreError, open } from '@cistern/store';
import type { Store } from '@cistern/store';
import type { BlobStoreConfig } from '../../config.ts';
import { makeDurably } from '../../directory-lock.ts';
import { BlobStoreUnusable } from './blob-store-unusable.ts';
import { BLOB_PREFIX } from '../tiers.ts';

/** Holds the id of the data directory. */
const OWNER_KEY = 'owner';

/** @throws BlobStoreUnusable */
export async function claimBlobStore(dataDirectoryId: string, config: BlobStoreConfig): Promise<void> {
  const { url } = config;
  await makePrivately(config);
  const store = await open(url).catch((error: unknown) => {
    throw new BlobStoreUnusable(withoutSecrets(url), (error as Error).message, error);
  });
  try {
    await claim(dataDirectoryId, store);
  } catch (error) {
    if (error instanceof BlobStoreUnusable) throw error;
    throw new BlobStoreUnusable(store.toString(), (error as Error).message, error);
  } finally {
    await store.close();
  }
}

/**
 * Objects are as private in folders of this machine as in the data directory: those that are missing are made such that
 * only their owner may enter, and what is in them may have any mode. A folder that is there keeps its own.
 */
async function makePrivately({ url, cache }: BlobStoreConfig): Promise<void> {
  const { protocol } = new URL(url);
  const local = protocol === 'file:' || protocol === 'hashed:';
  try {
    if (local) await makeDurably(fileURLToPath(url.replace(/^hashed:/i, 'file:')));
    if (cache.directory !== null) await makeDurably(cache.directory);
  } catch (error) {
    throw new BlobStoreUnusable(withoutSecrets(url), (error as Error).message, error);
  }
}

async function claim(id: string, store: Store): Promise<void> {
  const { durable, list, write } = store.capabilities;
  if (!durable || !list || !write) {
    throw new BlobStoreUnusable(
      store.toString(),
      'blobs must survive a power cut, be listed and be written there. Give another with --blobs.',
    );
  }
  const owner = await ownerOf(store);
  if (owner === id) return;
  if (owner !== undefined && (await holdsBlobs(store))) {
    throw new BlobStoreUnusable(
      store.toString(),
      'it holds the blobs of another data directory. Give another bucket or prefix with --blobs; if they are this ' +
        `one's after all, because its file "id" was lost, delete the object "${OWNER_KEY}" there.`,
    );
  }
  try {
    await store.put(OWNER_KEY, id, { mode: owner === undefined ? 'create' : 'overwrite' });
  } catch (error) {
    // Some services have no conditions: there it is the operator who sees to it that two do not start at once.
    if (isStoreError(error, 'Unsupported')) await store.put(OWNER_KEY, id);
    else if (!isStoreError(error, 'AlreadyExists')) throw error;
  }
  const now = await ownerOf(store);
  if (now !== id)
    throw new BlobStoreUnusable(store.toString(), 'another data directory has taken it just now.');
}

async function ownerOf(store: Store): Promise<string | undefined> {
  try {
    return (await store.get(OWNER_KEY).text()).trim();
  } catch (error) {
    if (isStoreError(error, 'NotFound')) return undefined;
    throw error;
  }
}

async function holdsBlobs(store: Store): Promise<boolean> {
  for await (const key of store.keys(BLOB_PREFIX)) return key !== '';
  return false;
}

/** Keys can be in a URL; what is printed has none. */
function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//').replace(/\?.*$/s, '');
}
