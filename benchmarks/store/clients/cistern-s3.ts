/** `@cistern/store` on S3. */

import { s3 } from '@cistern/store/s3';
import type { Client, ClientTarget } from './client.ts';
import { fromStore } from './from-store.ts';

export function openClient(target: ClientTarget): Promise<Client> {
  const { endpoint, bucket, region, accessKeyId, secretAccessKey } = target;
  return Promise.resolve(
    fromStore(s3({ endpoint, bucket, region, credentials: { accessKeyId, secretAccessKey } })),
  );
}
