/** @module Stores as plain data, which a child process can be handed as JSON. Loads what a store needs and no more. */

import type { Store } from '@cistern/store';
import type { AzureOptions } from '@cistern/store/azure';
import type { S3Options } from '@cistern/store/s3';

export type StoreSpec =
  | { readonly kind: 'memory' }
  | { readonly kind: 'files' | 'hashed'; readonly path: string; readonly durable?: boolean }
  | { readonly kind: 'sqlite' | 'zip'; readonly path: string }
  | ({ readonly kind: 's3' } & S3Options)
  | ({ readonly kind: 'azure' } & AzureOptions);

export async function openSpec(spec: StoreSpec): Promise<Store> {
  switch (spec.kind) {
    case 'memory':
      return (await import('@cistern/store')).memory();
    case 'files':
      return (await import('@cistern/store/files')).files(spec.path, spec);
    case 'hashed':
      return (await import('@cistern/store/hashed')).hashed(spec.path, spec);
    case 'sqlite':
      return (await import('@cistern/store/sqlite')).sqlite(spec.path);
    case 'zip':
      return (await import('@cistern/store/zip')).zip(spec.path);
    case 's3':
      return (await import('@cistern/store/s3')).s3(spec);
    case 'azure':
      return (await import('@cistern/store/azure')).azure(spec);
  }
}
