/** Who is asking: options before the environment, and nothing sent where it does not belong. */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isStoreError } from '../../errors.ts';
import type { StoreErrorCode } from '../../errors.ts';
import { resolveAccount } from './credentials.ts';

const KEY = Buffer.from('secret').toString('base64');

function rejected(act: () => unknown, code: StoreErrorCode): void {
  assert.throws(act, (error) => isStoreError(error, code));
}

suite('accounts of Azure', () => {
  test('a key and an account are an endpoint', () => {
    const found = resolveAccount({ account: 'acc', accountKey: KEY }, {});
    assert.equal(found.endpoint.href, 'https://acc.blob.core.windows.net/');
    assert.deepEqual(found.identity, { kind: 'key', accountKey: Buffer.from('secret') });
  });

  test('the account is in the name of the host, or in the path of an address', () => {
    const credential = 'anonymous';
    const hosted = resolveAccount({ endpoint: 'https://acc.blob.example.net', credential }, {});
    assert.equal(hosted.account, 'acc');
    const local = resolveAccount({ endpoint: 'http://127.0.0.1:10000/acc/', credential }, {});
    assert.equal(local.account, 'acc');
    assert.equal(local.endpoint.href, 'http://127.0.0.1:10000/acc');
    const bare = resolveAccount({ endpoint: 'http://localhost:10000', account: 'acc', credential }, {});
    assert.equal(bare.endpoint.href, 'http://localhost:10000/acc');
  });

  test('connection strings: with a key, with a SAS, of the emulator', () => {
    const keyed = resolveAccount(
      {
        connectionString: `DefaultEndpointsProtocol=https;AccountName=acc;AccountKey=${KEY};EndpointSuffix=example.net`,
      },
      {},
    );
    assert.equal(keyed.endpoint.href, 'https://acc.blob.example.net/');
    assert.equal(keyed.identity.kind, 'key');
    const signed = resolveAccount(
      {
        connectionString:
          'BlobEndpoint=https://acc.blob.example.net/;SharedAccessSignature=sv=1&sig=a%2Bb%3D',
      },
      {},
    );
    assert.deepEqual(signed.identity, { kind: 'sas', query: { sv: '1', sig: 'a+b=' } });
    assert.equal(signed.account, 'acc');
    const emulator = resolveAccount({ connectionString: 'UseDevelopmentStorage=true' }, {});
    assert.equal(emulator.endpoint.href, 'http://127.0.0.1:10000/devstoreaccount1');
    rejected(() => resolveAccount({ connectionString: 'AccountName=acc' }, {}), 'InvalidArgument');
  });

  test('the environment is looked at when nothing else says who is asking', () => {
    const connection = { AZURE_STORAGE_CONNECTION_STRING: `AccountName=acc;AccountKey=${KEY}` };
    assert.equal(resolveAccount({}, connection).account, 'acc');
    assert.equal(resolveAccount({ account: 'acc' }, connection).identity.kind, 'key');
    rejected(() => resolveAccount({ account: 'other' }, connection), 'Unauthenticated');
    const split = { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_KEY: KEY };
    assert.equal(resolveAccount({}, split).account, 'acc');
    rejected(() => resolveAccount({ account: 'other' }, split), 'Unauthenticated');
    const given = resolveAccount({ account: 'other', sasToken: '?sig=x' }, { ...split, ...connection });
    assert.equal(given.account, 'other');
    rejected(() => resolveAccount({}, {}), 'Unauthenticated');
  });

  test('a SAS of the environment goes to its own account’s host alone', () => {
    const sas = {
      AZURE_STORAGE_CONNECTION_STRING:
        'BlobEndpoint=https://acc.blob.example.net;SharedAccessSignature=sig=x',
    };
    assert.equal(resolveAccount({ endpoint: 'https://acc.blob.example.net' }, sas).identity.kind, 'sas');
    rejected(() => resolveAccount({ endpoint: 'https://acc.elsewhere.net' }, sas), 'Unauthenticated');
    const split = { AZURE_STORAGE_ACCOUNT: 'acc', AZURE_STORAGE_SAS_TOKEN: 'sig=x' };
    assert.equal(resolveAccount({}, split).identity.kind, 'sas');
    rejected(() => resolveAccount({ endpoint: 'https://acc.elsewhere.net' }, split), 'Unauthenticated');
  });

  test('a token goes nowhere unencrypted, but to this machine', () => {
    const credential = { getToken: () => Promise.resolve(null) };
    rejected(() => resolveAccount({ endpoint: 'http://acc.example.net', credential }, {}), 'InvalidArgument');
    const local = resolveAccount({ endpoint: 'http://127.0.0.1:1/acc', credential }, {});
    assert.equal(local.identity.kind, 'token');
  });

  test('what makes no sense is refused', () => {
    rejected(() => resolveAccount({ accountKey: KEY }, {}), 'InvalidArgument');
    rejected(() => resolveAccount({ account: 'Not/One', accountKey: KEY }, {}), 'InvalidArgument');
    rejected(() => resolveAccount({ account: 'acc', accountKey: '' }, {}), 'InvalidArgument');
    rejected(() => resolveAccount({ account: 'acc', sasToken: 'sv=1' }, {}), 'InvalidArgument');
    rejected(
      () => resolveAccount({ account: 'acc', endpoint: 'no url', sasToken: 'sig=1' }, {}),
      'InvalidArgument',
    );
  });
});
