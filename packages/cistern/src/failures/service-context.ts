/** What can be found out about a service that said no: whose keys were used, and which bucket was probably meant. Best effort. */

import type { ErrorPlace, StoreError } from '@cistern/store/errors';
import type { Service } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { keySource } from '../places/key-source.ts';
import type { KeySource } from '../places/key-source.ts';
import type { Reached } from '../places/places.ts';
import type { Told } from './explanation.ts';
import { factsOf } from './facts.ts';
import type { Facts } from './facts.ts';
import { nearest } from './nearest.ts';
import { mayLackBucket } from './service-failures.ts';
import type { ServiceContext } from './service-failures.ts';

/** Nobody waits longer for a better message. */
const ASK_MS_MAX = 3000;

const THREE_WAYS =
  'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws with --profile, or keep keys with a remote: ' +
  'cistern remote add --help. --anonymous reads public buckets.';
const AZURE_WAYS =
  'Set AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY, or keep keys with a remote: cistern remote add --help.';

export async function serviceContext(facts: Facts, cli: Cli | undefined): Promise<ServiceContext> {
  const { where } = facts;
  if (cli === undefined || where === undefined) return {};
  const candidates = cli.openPlaces?.reached ?? [];
  const sources = await Promise.all(candidates.map((one) => sourceOf(one, cli)));
  const index = candidates.findIndex(
    (one, at) => one.service.endpoint === where.endpoint && isSignedBy(sources[at], where),
  );
  const reached = candidates[index];
  if (reached === undefined) return {};
  const keysFrom = where.accessKeyId === undefined ? undefined : sources[index]?.text;
  return { keysFrom, meant: mayLackBucket(facts) ? await meantBucket(reached, where) : undefined };
}

/**
 * A refusal of HEAD does not say why: the same bucket is asked for its list, which does.
 *
 * @returns what is wrong with the keys or the clock, if that is it
 */
export async function reasonOfRefusal(facts: Facts, cli: Cli | undefined): Promise<Facts | undefined> {
  const { answer, where } = facts;
  if (answer?.status !== 403 || !/^(?:403)?$/.test(answer.code) || where?.bucket === undefined)
    return undefined;
  const reached = cli?.openPlaces?.reached.find((one) => one.service.endpoint === where.endpoint);
  if (reached === undefined) return undefined;
  try {
    const signal = AbortSignal.timeout(ASK_MS_MAX);
    for await (const _ of reached.service.bucket(where.bucket).list({ delimiter: '/', signal })) break;
  } catch (error) {
    const asked = factsOf(error);
    if (ABOUT_KEYS.has(asked.answer?.code ?? '')) return asked;
  }
  return undefined;
}

/** Whoever lacks a permission may lack another one for the list. */
const ABOUT_KEYS: ReadonlySet<string> = new Set([
  'InvalidAccessKeyId',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'RequestExpired',
  'ExpiredToken',
  'InvalidToken',
]);

/** No credentials, or some that could not be had: the service was not asked. */
export async function explainCredentials(
  { message }: StoreError,
  { where }: Facts,
  cli: Cli | undefined,
): Promise<Told> {
  // Azure's are looked for before there is anybody to ask.
  if (where === undefined) return { message, advice: AZURE_WAYS };
  const reached = cli?.openPlaces?.reached.find((one) => one.service.endpoint === where.endpoint);
  const source = cli && reached && (await sourceOf(reached, cli));
  return source?.from === 'none'
    ? { message: `There are no credentials for ${where.endpoint}`, advice: THREE_WAYS }
    : { message, advice: THREE_WAYS };
}

async function sourceOf({ place, settings }: Reached, { env }: Cli): Promise<KeySource | undefined> {
  try {
    return await keySource(settings, place.kind === 'azure' ? 'azure' : 's3', env);
  } catch {
    // A profile that is not there: told by the error itself.
    return undefined;
  }
}

function isSignedBy(source: KeySource | undefined, { accessKeyId }: ErrorPlace): boolean {
  return accessKeyId === undefined || source?.accessKeyId === undefined || source.accessKeyId === accessKeyId;
}

/** @returns as a place; undefined where the bucket is there, where none is near, and where the service does not say */
async function meantBucket(
  { place, service }: Reached,
  { bucket = '' }: ErrorPlace,
): Promise<string | undefined> {
  let names = namesOf.get(service);
  if (names === undefined) {
    names = bucketNames(service);
    namesOf.set(service, names);
  }
  const known = await names;
  const name = known.includes(bucket) ? undefined : nearest(bucket, known);
  if (name === undefined) return undefined;
  const { remote } = place;
  if (remote !== undefined && /^(?:s3|az):\/\/$/.test(remote.url)) return `${remote.name}:${name}`;
  return `${place.kind === 'azure' ? 'az' : 's3'}://${name}`;
}

/** Asked once, though each of a thousand objects may fail. */
const namesOf = new WeakMap<Service, Promise<string[]>>();

async function bucketNames(service: Service): Promise<string[]> {
  const names: string[] = [];
  try {
    const signal = AbortSignal.timeout(ASK_MS_MAX);
    for await (const { name } of service.listBuckets({ signal })) names.push(name);
  } catch {
    // Those that came are as good as any.
  }
  return names;
}
