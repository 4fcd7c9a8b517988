/** @module A bucket of any S3 service as a store: `@cistern/store/s3`. */

import { S3Store } from './backends/s3/s3-store.ts';
import { toSettings } from './backends/s3/settings.ts';
import type { S3Options } from './backends/s3/settings.ts';
import { Store } from './store.ts';

export type { S3Options } from './backends/s3/settings.ts';
export type {
  CredentialProvider,
  CredentialSource,
  S3Credentials,
} from './backends/s3/credentials/credentials.ts';
export { S3ResponseError } from './backends/s3/errors.ts';

/** A bucket, which must exist. Contacts nobody until it is used. @throws {StoreError} `InvalidArgument` */
export function s3(options: S3Options): Store {
  return new Store(new S3Store(toSettings(options, () => 'anonymous')));
}
