/** Azurite with a container, as a target. */

import { azureService } from '@cistern/store/azure';
import { startAzurite } from '../../tests/support/azurite.ts';
import type { ClientTarget } from './clients/client.ts';

const MEMORY_MB = 8000;

export interface RunningAzurite {
  readonly target: ClientTarget;
  stop(): Promise<void>;
}

export async function startAzuriteTarget(container: string): Promise<RunningAzurite> {
  const azurite = await startAzurite(['--skipApiVersionCheck', '--extentMemoryLimit', `${MEMORY_MB}`]);
  const { endpoint, account, accountKey } = azurite;
  try {
    await using service = azureService({ endpoint, account, accountKey });
    await service.createBucket(container);
  } catch (error) {
    await azurite.stop();
    throw error;
  }
  const target = {
    endpoint,
    accessKeyId: account,
    secretAccessKey: accountKey,
    region: '',
    bucket: container,
  };
  return { target, stop: () => azurite.stop() };
}
