/** A place in a bucket, with what its service can do beyond a store's methods. */

import type { BucketFeatures, Service } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import type { LiteralFlag, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import type { Place } from '../places/place.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';

export interface InBucket {
  readonly selection: Selection;
  readonly features: BucketFeatures;
}

/** @param what buckets have and other places have not @throws {Failure} a usage error */
export async function inBucket(
  cli: Cli,
  named: string | Place,
  flags: ReachFlags & LiteralFlag,
  what: string,
): Promise<InBucket> {
  const places = await cli.places();
  const place = typeof named === 'string' ? places.parse(named) : named;
  if (place.kind !== 's3' && place.kind !== 'azure') {
    throw usage(
      `${place.text} has no ${what}`,
      `Buckets have them: of s3:// and az://, and of remotes of these.`,
    );
  }
  const selection = await expand(places, place, flags);
  const service = await places.service(place, flags);
  return { selection, features: service.features(place.bucket) };
}

export interface NamedBucket {
  readonly place: Place;
  readonly bucket: string;
  readonly service: Service;
  /** as the user can name it again */
  readonly name: string;
}

/** A bucket itself, which need not be there. @throws {Failure} a usage error for what is none, or is in one */
export async function namedBucket(cli: Cli, text: string, flags: ReachFlags): Promise<NamedBucket> {
  const places = await cli.places();
  const place = places.parse(text);
  const service = await places.service(place, flags);
  const { bucket, key } = place;
  if (bucket === '') throw usage(`${text} names no bucket`, 'Write s3://bucket');
  if (key !== '')
    throw usage(`${text} is in a bucket, and not one`, `The bucket is ${bucketName(place, bucket)}`);
  return { place, bucket, service, name: bucketName(place, bucket) };
}

/** How another bucket of the same service is named. */
export function bucketName({ kind, remote }: Place, bucket: string): string {
  if (remote !== undefined && /^(?:s3|az):\/\/$/.test(remote.url)) return `${remote.name}:${bucket}`;
  return `${kind === 'azure' ? 'az' : 's3'}://${bucket}`;
}
