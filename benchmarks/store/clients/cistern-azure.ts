/** `@cistern/store` on Azure Blob Storage. */

import { azure } from '@cistern/store/azure';
import type { Client, ClientTarget } from './client.ts';
import { fromStore } from './from-store.ts';

export function openClient(target: ClientTarget): Promise<Client> {
  const { endpoint, bucket, accessKeyId, secretAccessKey } = target;
  return Promise.resolve(
    fromStore(azure({ endpoint, container: bucket, account: accessKeyId, accountKey: secretAccessKey })),
  );
}
