/** The versions of what is at a place, as they are listed: all of them, at any depth. */

import type { BucketFeatures, ListedVersion } from '@cistern/store';
import type { InBucket } from '../buckets/in-bucket.ts';
import { notFound } from '../failures/failure.ts';
import type { Filter } from './filters.ts';
import { globSource, literalStart } from './glob.ts';
import type { FoundFolder } from './walk.ts';

export interface WalkVersionsOptions {
  /**
   * What a place without a slash at its end stands for: `false`: the object of that name. `true`: what is below the folder of
   * that name, if anything is, else the object. `else`: the object, or if there is none what is below the folder. `both`: both
   */
  readonly below: boolean | 'else' | 'both';
  readonly filter?: Filter | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FoundVersion extends ListedVersion {
  readonly type: 'version';
  /** relative to the place, as of `Found` */
  readonly name: string;
}

/**
 * By key, the newest first; in constant memory.
 *
 * @throws {Failure} not found, when there is nothing at the place (before filters); a bucket may be empty
 */
export function walkVersions(place: InBucket, options: WalkVersionsOptions): AsyncGenerator<FoundVersion> {
  return walkAll(place, options, below);
}

/** One level of what is below a folder: of the folders in it their names. Else as `walkVersions`. */
export function walkVersionsOfLevel(
  place: InBucket,
  options: WalkVersionsOptions,
): AsyncGenerator<FoundVersion | FoundFolder> {
  return walkAll<FoundVersion | FoundFolder>(place, options, oneLevel);
}

type Below<T> = (
  features: BucketFeatures,
  prefix: string,
  options: WalkVersionsOptions,
) => AsyncIterable<T | FoundVersion>;

async function* walkAll<T extends FoundVersion | FoundFolder>(
  { selection, features }: InBucket,
  options: WalkVersionsOptions,
  inFolder: Below<T>,
): AsyncGenerator<T | FoundVersion> {
  const { text, key, isFolder, pattern } = selection;
  const { filter } = options;
  let isThere = key === '' && pattern === undefined;
  const found =
    pattern !== undefined
      ? matching(features, key, pattern, options)
      : isFolder
        ? inFolder(features, key, options)
        : named(features, key, options, inFolder);
  for await (const one of found) {
    isThere = true;
    if (filter === undefined || filter(one.name, one.type === 'version' ? one : undefined)) yield one;
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
    yield { ...version, type: 'version', name: version.key.slice(prefix.length) };
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
    yield { ...version, type: 'version', name };
  }
}

/** What a folder below has is not listed: the listing goes on after it. */
async function* oneLevel(
  features: BucketFeatures,
  folder: string,
  { signal }: WalkVersionsOptions,
): AsyncGenerator<FoundVersion | FoundFolder> {
  let startAfter: string | undefined;
  do {
    const after: string | undefined = startAfter;
    startAfter = undefined;
    for await (const one of features.listVersions({ prefix: folder, startAfter: after, signal })) {
      const name = one.key.slice(folder.length);
      const slash = name.indexOf('/');
      if (slash === -1) {
        yield { ...one, type: 'version', name };
        continue;
      }
      const prefix = folder + name.slice(0, slash + 1);
      yield { type: 'prefix', prefix, name: name.slice(0, slash + 1) };
      // Nothing that a key can go on with is after this.
      startAfter = `${prefix}\u{10FFFF}`;
      break;
    }
  } while (startAfter !== undefined);
}

async function* named<T extends FoundVersion | FoundFolder>(
  features: BucketFeatures,
  key: string,
  options: WalkVersionsOptions,
  inFolder: Below<T>,
): AsyncGenerator<T | FoundVersion> {
  const object = (): AsyncIterable<FoundVersion> => exactly(features, key, options);
  const folder = (): AsyncIterable<T | FoundVersion> => inFolder(features, `${key}/`, options);
  const ways =
    options.below === false ? [object] : options.below === true ? [folder, object] : [object, folder];
  for (const way of ways) {
    let isThere = false;
    for await (const version of way()) {
      isThere = true;
      yield version;
    }
    if (isThere && options.below !== 'both') return;
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
    if (expression.test(name)) yield { ...version, type: 'version', name };
  }
}
