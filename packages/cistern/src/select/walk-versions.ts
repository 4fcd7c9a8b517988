/** The versions of what is at a place, as they are listed: all of them, at any depth. */

import type { BucketFeatures, ListedVersion } from '@cistern/store';
import type { InBucket } from '../buckets/in-bucket.ts';
import { notFound } from '../failures/failure.ts';
import type { Filter } from './filters.ts';
import { globSource, literalStart } from './glob.ts';

export interface WalkVersionsOptions {
  /**
   * What a place without a slash at its end stands for: `false`: the object of that name. `true`: what is below the folder of
   * that name, if anything is, else the object. `else`: the object, or if there is none what is below the folder
   */
  readonly below: boolean | 'else';
  readonly filter?: Filter | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundVersion extends ListedVersion {
  /** relative to the place, as of `Found` */
  readonly name: string;
}

/**
 * By key, the newest first; in constant memory.
 *
 * @throws {Failure} not found, when there is nothing at the place (before filters); a bucket may be empty
 */
export async function* walkVersions(
  { selection, features }: InBucket,
  options: WalkVersionsOptions,
): AsyncGenerator<FoundVersion> {
  const { text, key, isFolder, pattern } = selection;
  const { filter } = options;
  let isThere = key === '' && pattern === undefined;
  const found =
    pattern !== undefined
      ? matching(features, key, pattern, options)
      : isFolder
        ? below(features, key, options)
        : named(features, key, options);
  for await (const version of found) {
    isThere = true;
    if (filter === undefined || filter(version.name, version)) yield version;
  }
  if (!isThere) {
    throw notFound(`There are no versions of ${text}, and no delete markers`);
  }
}

async function* below(
  features: BucketFeatures,
  prefix: string,
  { signal }: WalkVersionsOptions,
): AsyncGenerator<FoundVersion> {
  for await (const version of features.listVersions({ prefix, signal })) {
    yield { ...version, name: version.key.slice(prefix.length) };
  }
}

/** Those of one object come first of all that begin with its key. */
async function* exactly(
  features: BucketFeatures,
  key: string,
  { signal }: WalkVersionsOptions,
): AsyncGenerator<FoundVersion> {
  const name = key.slice(key.lastIndexOf('/') + 1);
  for await (const version of features.listVersions({ prefix: key, signal })) {
    if (version.key !== key) return;
    yield { ...version, name };
  }
}

async function* named(
  features: BucketFeatures,
  key: string,
  options: WalkVersionsOptions,
): AsyncGenerator<FoundVersion> {
  const object = (): AsyncIterable<FoundVersion> => exactly(features, key, options);
  const folder = (): AsyncIterable<FoundVersion> => below(features, `${key}/`, options);
  const ways =
    options.below === false ? [object] : options.below === 'else' ? [object, folder] : [folder, object];
  for (const way of ways) {
    let isThere = false;
    for await (const version of way()) {
      isThere = true;
      yield version;
    }
    if (isThere) return;
  }
}

async function* matching(
  features: BucketFeatures,
  base: string,
  pattern: string,
  options: WalkVersionsOptions,
): AsyncGenerator<FoundVersion> {
  const isFolder = pattern.endsWith('/');
  const source = globSource(isFolder ? pattern.slice(0, -1) : pattern);
  // As for objects: a pattern reaches what is below the folders that match only where that was asked for.
  const end = isFolder ? '/' : options.below === true ? '(?:/|$)' : '$';
  const expression = new RegExp(`^(?:${source})${end}`, 'su');
  const prefix = base + literalStart(pattern);
  for await (const version of features.listVersions({ prefix, signal: options.signal })) {
    const name = version.key.slice(base.length);
    if (expression.test(name)) yield { ...version, name };
  }
}
