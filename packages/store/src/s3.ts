/** @module A bucket of any S3 service as a store, and services by `connect`: `@cistern/store/s3`. */

import { S3Service } from './backends/s3/s3-service.ts';
import { S3Store } from './backends/s3/s3-store.ts';
import { toSettings } from './backends/s3/settings.ts';
import type { S3Options } from './backends/s3/settings.ts';
import { prefix } from './layers/prefix.ts';
import { retry, retrying } from './layers/retry.ts';
import type { Service } from './service.ts';
import { Store } from './store.ts';
import { OPTION_NAMES, s3UrlOptions } from './backends/s3/url.ts';
import type { CredentialSource } from './backends/s3/credentials/credentials.ts';
import { StoreError } from './errors.ts';

export { connect } from './connect.ts';
export type { S3Options } from './backends/s3/settings.ts';
export type {
  CredentialProvider,
  CredentialSource,
  S3Credentials,
} from './backends/s3/credentials/credentials.ts';
export { findUsualKeys, usualCredentials } from './backends/s3/credentials/usual-places.ts';
export type { UsualKeys } from './backends/s3/credentials/usual-places.ts';
export { S3ResponseError } from './backends/s3/errors.ts';

/** What fails for a time is tried so often, in stores by URL and of services. */
const ATTEMPTS = 5;

/** All of `S3Options` but the bucket. */
export type S3ServiceOptions = Omit<S3Options, 'bucket'>;

/**
 * A bucket as a store. Contacts nobody: one that does not exist, or a wrong key, shows with the first call.
 *
 *     const store = s3({ bucket: 'photos', endpoint: 'http://localhost:9000', credentials });
 *
 * Bodies up to a part go in one request; larger ones, and streams, in parallel parts, with `concurrency + 1` parts in memory at
 * most. Keys are looked for in the environment and in AWS's shared files when none are given. It tries everything once: the
 * layer `retry` does more, and is there in stores by URL and of services.
 *
 * @throws {StoreError} `InvalidArgument`
 */
export function s3(options: S3Options): Store {
  return new Store(new S3Store(toSettings(options, process.env)));
}

/** A service: makes, lists and deletes buckets, and hands them out as stores that retry. Contacts nobody. @throws as `s3` */
export function s3Service(options: S3ServiceOptions): Service {
  const settings = toSettings({ ...options, bucket: 'any' }, process.env);
  // Keys that were looked for are of one source, so that its buckets are known to be of one service: copies stay inside of it.
  const { credentials } = settings;
  const open = (bucket: string): Store => retry(ATTEMPTS, s3({ ...options, credentials, bucket }));
  return new S3Service(settings, open, retrying(ATTEMPTS));
}

/**
 * What `connect` gives for any other URL.
 *
 * @param credentials as of `S3Options`
 * @param options of `s3Service`, by their names
 */
export function connectS3(
  endpoint: string,
  credentials: unknown,
  options: Readonly<Record<string, unknown>>,
): Service {
  const known = OPTION_NAMES.filter((name) => name !== 'endpoint');
  const unknown = Object.keys(options).find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) {
    throw new StoreError(
      'InvalidArgument',
      `S3 services have the options ${known.join(', ')}, and no ${unknown}`,
      {
        operation: 'open',
      },
    );
  }
  return s3Service({ ...options, endpoint, credentials: credentials as CredentialSource | undefined });
}

/**
 * `s3://bucket`, or `s3://bucket/folder` for the keys below `folder/`, with the options of `s3` as parameters:
 * `?region=…&endpoint=…&addressing=path`.
 *
 * @param credentials as of `S3Options`
 */
export function openS3Url(url: URL, credentials: unknown): Store {
  const { folder, ...options } = s3UrlOptions(url, credentials);
  const store = retry(ATTEMPTS, s3(options));
  return folder === '' ? store : prefix(`${folder}/`, store);
}
