/** @module New stores of every kind. The services behind them are started once for each test file, and end with it. */

import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { azureService } from '@cistern/store/azure';
import { s3Service } from '@cistern/store/s3';
import type { S3Options } from '@cistern/store/s3';
import { startAzurite, withoutAzurite } from './azurite.ts';
import type { Azurite } from './azurite.ts';
import type { StoreSpec } from './open-spec.ts';
import { needsS3rver, startS3rver } from './s3rver.ts';
import { startTestServer } from './server.ts';

export interface StoreKind {
  readonly name: string;
  /** for `skip`: the reason why there is no such store here, or false */
  readonly needs: string | false;
  /** @returns a new, empty store */
  make: () => Promise<StoreSpec>;
}

export type StoreKinds = Readonly<
  Record<'memory' | 'files' | 'hashed' | 'sqlite' | 'zip' | 's3' | 's3rver' | 'azure', StoreKind>
>;

/** Every kind of store that there is, with its service, for the calling file. To be called outside of tests. */
export async function startStoreKinds(): Promise<StoreKinds> {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-stores-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const local = (kind: 'files' | 'hashed' | 'sqlite' | 'zip', suffix = ''): StoreKind => ({
    name: kind,
    needs: false,
    make: () => Promise.resolve({ kind, path: join(folder, `${randomUUID()}${suffix}`) }),
  });
  return {
    memory: { name: 'memory', needs: false, make: () => Promise.resolve({ kind: 'memory' }) },
    files: local('files'),
    hashed: local('hashed'),
    sqlite: local('sqlite', '.db'),
    zip: local('zip', '.zip'),
    s3: buckets('s3', false, (await startTestServer()).s3),
    s3rver: buckets('s3rver', needsS3rver, needsS3rver === false ? await ending(startS3rver([])) : {}),
    azure: containers(withoutAzurite === false ? await startAzurite() : undefined),
  };
}

async function ending<T extends { close: () => Promise<void> }>(started: Promise<T>): Promise<T> {
  const server = await started;
  after(server.close);
  return server;
}

function buckets(
  name: string,
  needs: string | false,
  { endpoint, credentials }: Pick<S3Options, 'endpoint' | 'credentials'>,
): StoreKind {
  return {
    name,
    needs,
    make: async () => {
      const spec = { kind: 's3', bucket: `box-${randomUUID()}`, endpoint, credentials } as const;
      await using service = s3Service({ endpoint, credentials });
      await service.createBucket(spec.bucket);
      return spec;
    },
  };
}

function containers(emulator: Azurite | undefined): StoreKind {
  if (emulator !== undefined) after(() => emulator.stop());
  return {
    name: 'azure',
    needs: withoutAzurite,
    make: async () => {
      if (emulator === undefined) throw new Error('There is no Azurite');
      const { endpoint, account, accountKey } = emulator;
      const spec = {
        kind: 'azure',
        container: `box-${randomUUID()}`,
        endpoint,
        account,
        accountKey,
      } as const;
      await using service = azureService({ endpoint, account, accountKey });
      await service.createBucket(spec.container);
      return spec;
    },
  };
}
