/** All that is known of what is at a place: the documents of `stat`. */

import { isStoreError } from '@cistern/store';
import type { BucketFeatures, CallOptions, Service } from '@cistern/store';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { notFound } from '../failures/failure.ts';
import type { OpenPlace, Places } from '../places/places.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import { toNamer } from '../select/names.ts';
import { walk } from '../select/walk.ts';

export interface Description {
  readonly type: 'object' | 'folder' | 'bucket';
  readonly place: string;
  readonly [name: string]: Known;
}

/** Texts by name: metadata, tags, checksums. */
export type Known = string | number | undefined | Readonly<Record<string, string | undefined>>;

/** One for each object that a pattern matches; else one. @throws {Failure} not found */
export async function* describe(
  places: Places,
  text: string,
  flags: ReachFlags & LiteralFlag & { readonly version?: string },
  signal: AbortSignal,
): AsyncGenerator<Description> {
  const selection = await expand(places, text, flags);
  const { opened, pattern, key, isFolder } = selection;
  const { version } = flags;
  const { service, place } = opened;
  if (pattern !== undefined) {
    const toName = toNamer(selection);
    for await (const found of walk(selection, { signal })) {
      if (found.type === 'object') yield object(opened, found.key, toName(found), { signal, version });
    }
  } else if (key === '' && service !== undefined) {
    yield bucket(service, place.bucket, text, signal);
  } else if (isFolder) {
    yield folder(selection, signal);
  } else {
    yield objectOrFolder(selection, { signal, version });
  }
}

async function objectOrFolder(
  selection: Selection,
  options: CallOptions & { readonly version: string | undefined },
): Promise<Description> {
  const { opened, key, text } = selection;
  try {
    return await object(opened, key, text, options);
  } catch (error) {
    if (!isStoreError(error, 'NotFound') || options.version !== undefined) throw error;
    // A folder is no object, but the name may be one's.
    return await folder({ ...selection, key: `${key}/`, isFolder: true }, options.signal);
  }
}

async function object(
  { store }: OpenPlace,
  key: string,
  place: string,
  options: CallOptions & { readonly version: string | undefined },
): Promise<Description> {
  const { knownChecksums } = await import('@cistern/store/transfers');
  const { info, crc32, md5 } = await knownChecksums(store, key, options);
  const { size, lastModified, etag, version, attributes } = info;
  const { metadata, ...rest } = attributes;
  const hasChecksums = crc32 !== undefined || md5 !== undefined;
  return {
    type: 'object',
    place,
    key,
    size,
    lastModified: lastModified.toISOString(),
    etag,
    version,
    ...rest,
    metadata,
    checksums: hasChecksums ? { crc32, md5 } : undefined,
  };
}

/** @throws {Failure} not found, when nothing is in it; a folder of this machine may be empty */
async function folder(selection: Selection, signal: AbortSignal | undefined): Promise<Description> {
  const { text, key } = selection;
  // The first entry shows that it is there; how much is in it is the question of `du`.
  for await (const _ of walk(selection, { signal })) break;
  return { type: 'folder', place: text, prefix: key };
}

async function bucket(
  service: Service,
  name: string,
  place: string,
  signal: AbortSignal,
): Promise<Description> {
  if (!(await service.bucketExists(name, { signal }))) {
    // The error of its listing says more: which bucket may have been meant.
    for await (const _ of service.bucket(name).list({ signal })) break;
    throw notFound(`There is no bucket ${name}`);
  }
  const features = service.features(name);
  return {
    type: 'bucket',
    place,
    name,
    createdAt: await createdAt(service, name, signal),
    versioning: await ifKnown(() => features.versioning({ signal })),
    tags: await ifKnown(() => someTags(features, signal)),
  };
}

async function createdAt(service: Service, name: string, signal: AbortSignal): Promise<string | undefined> {
  return ifKnown(async () => {
    for await (const one of service.listBuckets({ prefix: name, signal })) {
      if (one.name === name) return one.createdAt?.toISOString();
    }
    return undefined;
  });
}

async function someTags(
  features: BucketFeatures,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>> | undefined> {
  const tags = await features.bucketTags({ signal });
  return Object.keys(tags).length === 0 ? undefined : tags;
}

/** What the service has not, or does not tell these keys, is not known. */
async function ifKnown<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (isStoreError(error, 'Unsupported') || isStoreError(error, 'PermissionDenied')) return undefined;
    throw error;
  }
}
