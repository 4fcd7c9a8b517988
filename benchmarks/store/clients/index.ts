/** The measured libraries, by service. Each is loaded only in the process that measures it. */

import { hasPeer } from '../peers.ts';
import type { OpenClient } from './client.ts';

export interface ClientEntry {
  readonly name: string;
  readonly service: 's3' | 'azure';
  /** whether it is installed */
  readonly available: boolean;
  load(): Promise<{ readonly openClient: OpenClient }>;
}

export const CLIENTS: readonly ClientEntry[] = [
  { name: '@cistern/store', service: 's3', available: true, load: () => import('./cistern-s3.ts') },
  { name: 'opendal', service: 's3', available: hasPeer('opendal'), load: () => import('./opendal.ts') },
  { name: '@aws-sdk', service: 's3', available: true, load: () => import('./aws-sdk.ts') },
  { name: 'minio', service: 's3', available: true, load: () => import('./minio.ts') },
  {
    name: '@cistern/store (Azure)',
    service: 'azure',
    available: hasPeer('azurite'),
    load: () => import('./cistern-azure.ts'),
  },
  {
    name: '@azure/storage-blob',
    service: 'azure',
    available: hasPeer('azurite') && hasPeer('@azure/storage-blob'),
    load: () => import('./azure-sdk.ts'),
  },
];
