/** What a bucket keeps at a place: every version and delete marker, as walk.ts gives what is there now. */

import type { BucketFeatures, ListedVersion } from '@cistern/store';
import { notFound, usage } from '../failures/failure.ts';
import type { Selection } from './expand.ts';
import { globSource, literalStart } from './glob.ts';
import type { FoundFolder, WalkOptions } from './walk.ts';

export interface FoundVersion extends ListedVersion {
  readonly type: 'version';
  /** as of `FoundObject` */
  readonly name: string;
}

/**
 * By keys in the order of UTF-8 bytes, the newest of a key first. A place without a slash at its end is the object and the folder of
 * that name. Filters look at each version by itself.
 *
 * @throws {Failure} usage, for a place that is no bucket's; not found, when no version was ever at the place
 */
export async function* walkVersions(
  selection: Selection,
  options: WalkOptions = {},
): AsyncGenerator<FoundVersion | FoundFolder> {
  const { text, key, opened } = selection;
  const { service, place } = opened;
  if (service === undefined) throw usage(`${text} keeps no versions`, 'Buckets of s3:// and az:// can.');
  const features = service.features(place.bucket);
  let isThere = key === '' && selection.pattern === undefined;
  for await (const found of each(features, selection, options)) {
    isThere = true;
    if (options.filter?.(found.name, found.type === 'version' ? found : undefined) ?? true) yield found;
  }
  if (!isThere) throw notFound(`There is no version of anything at ${text}`);
}

async function* each(
  features: BucketFeatures,
  { key, pattern, isFolder }: Selection,
  { recursive, signal }: WalkOptions,
): AsyncGenerator<FoundVersion | FoundFolder> {
  if (pattern !== undefined) {
    const below = recursive === true ? '(?:/|$)' : '$';
    const expression = new RegExp(`^(?:${globSource(pattern)})${below}`, 'su');
    for await (const one of features.listVersions({ prefix: key + literalStart(pattern), signal })) {
      const name = one.key.slice(key.length);
      if (expression.test(name)) yield { ...one, type: 'version', name };
    }
    return;
  }
  if (!isFolder) {
    // The versions of a key come before those of keys that go on after it.
    for await (const one of features.listVersions({ prefix: key, signal })) {
      if (one.key !== key) break;
      yield { ...one, type: 'version', name: key.slice(key.lastIndexOf('/') + 1) };
    }
  }
  const folder = isFolder ? key : `${key}/`;
  yield* recursive === true ? all(features, folder, signal) : oneLevel(features, folder, signal);
}

async function* all(
  features: BucketFeatures,
  folder: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<FoundVersion> {
  for await (const one of features.listVersions({ prefix: folder, signal })) {
    yield { ...one, type: 'version', name: one.key.slice(folder.length) };
  }
}

/** What a folder below has is not listed: the listing goes on after it. */
async function* oneLevel(
  features: BucketFeatures,
  folder: string,
  signal: AbortSignal | undefined,
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
