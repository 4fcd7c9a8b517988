/** Copies one object as a command asks for it: what is there is looked at first, and nothing different is replaced unasked. */

import { isStoreError, StoreError } from '@cistern/store';
import type { Attributes, ListedObject, ObjectInfo, Store } from '@cistern/store';
import { difference } from '@cistern/store/sync';
import { sameContent, transfer } from '@cistern/store/transfers';
import type { Journal, TransferOptions, TransferResult } from '@cistern/store/transfers';
import { Failure } from '../failures/failure.ts';
import type { Item } from '../terminal/progress.ts';
import { jobNames } from './job.ts';
import type { Job } from './job.ts';
import { findObject } from './sources.ts';

/** What S3 calls an object that was put in one piece, or in parts. */
const MD5 = /^[0-9a-f]{32}(-\d+)?$/;

export interface CopySettings {
  /** replaces what is there and differs */
  readonly overwrite: boolean;
  /** what is to be done is told, and not done */
  readonly dryRun: boolean;
  /** in place of the source's own, each by itself */
  readonly attributes: Attributes | undefined;
  /** of plain files, which have none of their own */
  readonly typeOf: (key: string) => string | undefined;
  readonly journal: Journal;
  readonly transfer: Pick<TransferOptions, 'partSize' | 'durable'>;
  /** Whether what is there needs no copy. */
  readonly isSame: (job: Job, target: ListedObject, signal: AbortSignal) => boolean | Promise<boolean>;
  /** Another way than a transfer; undefined: there is none for this object. */
  readonly shortcut?: ((job: Job, signal: AbortSignal) => Promise<ObjectInfo | undefined>) | undefined;
  /** The store through which a job's bytes move. */
  readonly through: (store: Store, job: Job) => Store;
}

/** What became of an object. */
export interface Copied {
  /** `skipped`: the same is there */
  readonly action: 'copied' | 'skipped';
  /** bytes that an earlier run had moved */
  readonly resumedBytes?: number;
  /** no byte passed through this process */
  readonly serverSide?: boolean;
  readonly verified?: TransferResult['verified'];
  readonly info?: ObjectInfo;
}

/** @throws {Failure} when something else is there; whatever the stores reject with */
export async function copyJob(
  job: Job,
  settings: CopySettings,
  item: Item,
  signal: AbortSignal,
): Promise<Copied> {
  const { from, source, to, key } = job;
  const { overwrite, attributes: given } = settings;
  const target = job.target === 'unknown' ? await findObject(to.store, key, signal) : job.target;
  if (target !== undefined) {
    const changesAttributes = overwrite && given !== undefined;
    if (!changesAttributes && (await settings.isSame(job, target, signal))) return { action: 'skipped' };
    if (!overwrite) throw isThere(job, 'is there and differs');
  }
  if (settings.dryRun) return { action: 'copied' };
  const attributes = await attributesOf(job, settings, signal);
  // What came into being since it was looked for is not replaced either.
  const mode = overwrite || !to.store.capabilities.create ? 'overwrite' : 'create';
  try {
    const short = await settings.shortcut?.(job, signal);
    if (short !== undefined) {
      item.add(short.size);
      return { action: 'copied', info: short, serverSide: true };
    }
    const { info, resumedBytes, serverSide, verified } = await transfer(
      settings.through(from.store, job),
      source,
      settings.through(to.store, job),
      key,
      {
        ...settings.transfer,
        mode,
        attributes,
        journal: settings.journal,
        signal,
        onBytes: (bytes, isResumed) => item.add(bytes, isResumed),
      },
    );
    return { action: 'copied', info, resumedBytes, serverSide, verified };
  } catch (error) {
    if (isStoreError(error, 'AlreadyExists')) throw isThere(job, 'came into being meanwhile');
    throw error;
  }
}

/** As far as listings tell; times count in whole seconds, which is all that some services keep. */
export function looksSame({ source }: Job, target: ListedObject): boolean {
  const lastModified = new Date(Math.floor(source.lastModified.getTime() / 1000) * 1000);
  return difference({ ...source, lastModified }, target, undefined) === 'same';
}

/**
 * By content, where etags do not tell. An older file of the same size, or one that was changed within the second, has a time
 * that says nothing.
 */
export async function isSameContent(job: Job, target: ListedObject, signal: AbortSignal): Promise<boolean> {
  const { from, source, to, key } = job;
  const told = difference(source, target, undefined);
  if (told === 'size' || told === 'etag') return false;
  if (source.etag === target.etag && MD5.test(source.etag ?? '')) return true;
  const { isSame } = await sameContent(
    { store: from.store, key: source.key },
    { store: to.store, key },
    { signal },
  );
  return isSame;
}

function isThere(job: Job, how: string): Failure {
  const { target } = jobNames(job);
  const cause = new StoreError('AlreadyExists', `${target} ${how}`, { operation: 'put', key: job.key });
  return new Failure(`${target} ${how}`, { advice: '--overwrite replaces it.', cause });
}

/** @returns undefined: the transfer carries those of the source */
async function attributesOf(
  { from, source, to }: Job,
  { attributes: given, typeOf }: CopySettings,
  signal: AbortSignal,
): Promise<Attributes | undefined> {
  if (!to.store.capabilities.attributes) return undefined;
  if (from.place.kind === 'local') {
    const contentType = typeOf(source.key);
    return contentType === undefined ? given : { contentType, ...given };
  }
  if (given === undefined) return undefined;
  const { attributes } = await from.store.head(source.key, { version: source.version, signal });
  return { ...attributes, ...given };
}
