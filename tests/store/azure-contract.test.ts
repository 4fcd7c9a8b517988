/** The Azure backend keeps the contract of stores, against Azurite. */

import { after, suite, test } from 'node:test';
import { azureService } from '@cistern/store/azure';
import { contract } from '@cistern/store/testing';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';

if (withoutAzurite === false) {
  const emulator = startAzurite();
  contract({
    name: 'azure',
    runner: { suite, test, after },
    open: async () => {
      const { endpoint, account, accountKey } = await emulator;
      const service = azureService({ endpoint, account, accountKey });
      await service.createBucket('contract');
      return service.bucket('contract');
    },
  });
  after(async () => {
    await (await emulator).stop();
  });
} else {
  test('contract: azure', { skip: withoutAzurite }, () => undefined);
}
