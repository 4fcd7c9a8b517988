/** Deletes all that is in a bucket, so that it can be deleted: versions, snapshots, uploads, and what the library keeps for itself. */

import { cleanUploads, isStoreError } from '@cistern/store';
import type { ListedVersion } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { Failure, interrupted } from '../failures/failure.ts';
import { Removal } from '../remove/removal.ts';
import type { RemovalFlags } from '../remove/removal.ts';
import { untilStopped } from '../remove/until-stopped.ts';
import type { NamedBucket } from './in-bucket.ts';

/** @throws {Failure} when some of it could not be deleted: each was told */
export async function emptyBucket(cli: Cli, named: NamedBucket, flags: RemovalFlags): Promise<void> {
  const { service, bucket, name } = named;
  const { signal } = cli;
  const features = service.features(bucket);
  const store = service.bucket(bucket);
  for (const snapshot of await orNone(() => features.listSnapshots({ signal }))) {
    await features.deleteSnapshot(snapshot.name, { signal });
  }
  const versions = features.listVersions({ reserved: true, signal })[Symbol.asyncIterator]();
  const first = await orNone(() => versions.next());
  const hasVersions = !Array.isArray(first) && first.done !== true && first.value.version !== 'null';
  const removal = new Removal(cli, flags, hasVersions ? 'version' : 'object');
  try {
    const results = Array.isArray(first)
      ? store.delete(untilStopped(store.keys({ signal }), signal))
      : features.deleteVersions(untilStopped(withFirst(first, versions), signal));
    for await (const { key, error } of results) {
      const removed = { name: `${name}/${key}`, key };
      if (error === undefined) await removal.delete(removed);
      else await removal.fail(removed, error);
    }
    // Where the service keeps uploads as objects of the library's, or would keep them beyond the bucket's end.
    if (!signal.aborted) await orNone(() => cleanUploads(store, { olderThanMs: 0, signal }));
  } finally {
    await removal.end();
  }
  if (signal.aborted) throw interrupted('Stopped', 'The same command goes on with what is left.');
  if (removal.failed > 0) throw new Failure(`${name} stays, because not all of it could be deleted`);
}

async function orNone<T>(act: () => Promise<T>): Promise<T | never[]> {
  try {
    return await act();
  } catch (error) {
    if (isStoreError(error, 'Unsupported')) return [];
    throw error;
  }
}

async function* withFirst(
  first: IteratorResult<ListedVersion>,
  versions: AsyncIterator<ListedVersion>,
): AsyncGenerator<ListedVersion> {
  for (let next = first; next.done !== true; next = await versions.next()) yield next.value;
}
