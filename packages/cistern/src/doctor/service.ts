/** Whether a service takes our keys, and what may be done in a bucket. Writes only if that is asked for, and removes what it wrote. */

import { randomBytes } from 'node:crypto';
import type { Service, Store } from '@cistern/store';
import { isStoreError } from '@cistern/store/errors';
import type { Cli } from '../command/cli.ts';
import { explain } from '../failures/explain.ts';
import { keySource } from '../places/key-source.ts';
import type { Place } from '../places/place.ts';
import type { ReachFlags } from '../places/places.ts';
import { checkEndpoint } from './endpoint.ts';
import { ok, problem, warning } from './finding.ts';
import type { CheckName, Finding } from './finding.ts';

export interface ServiceFlags extends ReachFlags {
  readonly write?: true;
}

export async function* checkService(
  cli: Cli,
  place: Place,
  flags: ServiceFlags,
): AsyncGenerator<Finding, void, void> {
  const places = await cli.places();
  const kind = place.kind === 'azure' ? 'azure' : 's3';
  let service: Service;
  try {
    service = await places.service(place, flags);
    const settings = places.reached.find((one) => one.service === service)?.settings ?? flags;
    const { from, text, accessKeyId } = await keySource(settings, kind, cli.env);
    if (from === 'none') {
      yield problem(
        'credentials',
        'There are none',
        'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with --profile, or keep keys with a remote.',
      );
    } else yield ok('credentials', accessKeyId === undefined ? text : `${accessKeyId} (${text})`);
  } catch (error) {
    yield await failed(cli, 'credentials', error);
    return;
  }
  let isReached = true;
  for await (const finding of checkEndpoint(service.endpoint, cli.signal)) {
    yield finding;
    if (finding.status === 'problem' && finding.check !== 'clock') isReached = false;
  }
  if (!isReached) return;
  if (place.bucket === '') yield await checkBuckets(cli, service);
  else yield* checkBucket(cli, service, place, flags);
}

async function checkBuckets(cli: Cli, service: Service): Promise<Finding> {
  try {
    const buckets = await Array.fromAsync(service.listBuckets({ signal: cli.signal }));
    return ok(
      'signature',
      `Accepted; there are ${buckets.length} buckets. Name one to look at it: cistern doctor s3://BUCKET`,
    );
  } catch (error) {
    if (!isStoreError(error, 'PermissionDenied')) return failed(cli, 'signature', error);
    return warning(
      'signature',
      'Accepted, but buckets may not be listed',
      'That is usual for keys of one bucket. Name it: cistern doctor s3://BUCKET',
    );
  }
}

async function* checkBucket(
  cli: Cli,
  service: Service,
  place: Place,
  flags: ServiceFlags,
): AsyncGenerator<Finding, void, void> {
  const { signal } = cli;
  const store = service.bucket(place.bucket);
  let first: string | undefined;
  try {
    for await (const entry of store.list({ prefix: place.key, signal })) {
      if (entry.type === 'object') first = entry.key;
      break;
    }
    yield ok('signature', 'Accepted');
    yield ok('bucket', first === undefined ? 'It can be listed, and nothing is there' : 'It can be listed');
  } catch (error) {
    const isKnown = isStoreError(error) && ['PermissionDenied', 'NotFound'].includes(error.code);
    if (isKnown) yield ok('signature', 'Accepted');
    yield await failed(cli, isKnown ? 'bucket' : 'signature', error);
    if (!isStoreError(error, 'PermissionDenied')) return;
  }
  if (first !== undefined)
    yield await attempt(cli, 'bucket', 'Objects can be read', () => readFirst(store, first, signal));
  if (flags.write === true) yield* tryWriting(cli, store, place);
  yield* listFeatures(service, store, place, signal);
}

async function readFirst(store: Store, key: string, signal: AbortSignal): Promise<void> {
  const { body } = await store.get(key, { signal });
  for await (const _ of body) break;
}

/** Leaves nothing behind, unless it may write and not delete: that is told, with the key. */
async function* tryWriting(cli: Cli, store: Store, place: Place): AsyncGenerator<Finding, void, void> {
  const { signal } = cli;
  const folder = place.isFolder ? place.key : '';
  const key = `${folder}cistern-doctor-${randomBytes(6).toString('hex')}`;
  const text = 'cistern doctor has written this, and removes it again\n';
  const wrote = await attempt(cli, 'write', 'Objects can be written', async () => {
    await store.put(key, text, { mode: store.capabilities.create ? 'create' : 'overwrite', signal });
  });
  yield wrote;
  if (wrote.status === 'problem') return;
  yield await attempt(cli, 'write', 'What is written is what is read', async () => {
    const read = await store.get(key, { signal }).text();
    if (read !== text) throw new Error(`${key} has other bytes than were written`);
  });
  const removed = await attempt(cli, 'write', 'Objects can be deleted', () => store.delete(key));
  yield removed.status === 'ok'
    ? removed
    : { ...removed, message: `${removed.message}; ${key} is still there` };
}

async function* listFeatures(
  service: Service,
  store: Store,
  { bucket }: Place,
  signal: AbortSignal,
): AsyncGenerator<Finding, void, void> {
  const { create, ifMatch, uploads, versions, presign } = store.capabilities;
  const has = [
    [create && ifMatch, 'conditional writes'],
    [uploads, 'uploads that can be followed'],
    [versions, 'reads of versions'],
    [presign, 'presigned URLs'],
  ] as const;
  const words = (wanted: boolean): string =>
    has
      .filter(([is]) => is === wanted)
      .map(([, what]) => what)
      .join(', ');
  yield ok('features', `It has ${words(true) || 'none of the special features'}`);
  if (!create) {
    yield warning(
      'features',
      `It has no ${words(false)}`,
      'Two writers of one key at a time can overwrite each other, and nobody is told.',
    );
  }
  try {
    const versioning = await service.features(bucket).versioning({ signal });
    yield ok(
      'features',
      versioning === 'enabled'
        ? 'Versioning is on: what is overwritten or deleted is kept'
        : `Versioning is ${versioning}: what is overwritten or deleted is gone`,
    );
  } catch (error) {
    // Not every service has it, and not every key may ask.
    if (!isStoreError(error)) throw error;
  }
}

async function attempt(cli: Cli, check: CheckName, done: string, act: () => Promise<void>): Promise<Finding> {
  try {
    await act();
    return ok(check, done);
  } catch (error) {
    return failed(cli, check, error);
  }
}

async function failed(cli: Cli, check: CheckName, error: unknown): Promise<Finding> {
  if (isStoreError(error, 'Aborted')) throw error;
  const { message, advice } = await explain(error, cli);
  return problem(check, message, advice);
}
