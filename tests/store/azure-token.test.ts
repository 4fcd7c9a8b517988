/** Tokens of an identity, against Azurite over TLS: it looks at all of a token but its signature. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { isStoreError } from '@cistern/store';
import { azureService } from '@cistern/store/azure';
import { makeCertificate } from '../clients/certificate.ts';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';

function token(audience: string): string {
  const nowS = Math.floor(Date.now() / 1000);
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    aud: audience,
    iss: 'https://sts.windows.net/tenant/',
    iat: nowS,
    nbf: nowS - 60,
    exp: nowS + 600,
  };
  return `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}.c2lnbmF0dXJl`;
}

test('a token does what a key does', { skip: withoutAzurite }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cistern-tls-'));
  const { cert, key } = makeCertificate();
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const trusted = getCACertificates('default');
  setDefaultCACertificates([...trusted, cert]);
  const flags = ['--oauth', 'basic', '--cert', join(folder, 'cert.pem'), '--key', join(folder, 'key.pem')];
  await using emulator = await startAzurite(flags);
  try {
    let audience = 'https://storage.azure.com';
    const credential = {
      getToken: () => Promise.resolve({ token: token(audience), expiresOnTimestamp: 0 }),
    };
    await using service = azureService({ endpoint: emulator.endpoint, credential });
    await service.createBucket('box');
    await using store = service.bucket('box');
    await store.put('a', 'hello', { mode: 'create', attributes: { metadata: { n: '1' } } });
    await store.copy('a', 'b');
    assert.equal(await store.get('b').text(), 'hello');
    assert.deepEqual(await Array.fromAsync(store.keys()), ['a', 'b']);
    assert.equal(store.capabilities.presign, false);
    audience = 'https://elsewhere.example.net';
    await assert.rejects(store.get('a'), (error) => isStoreError(error, 'Unauthenticated'));
  } finally {
    setDefaultCACertificates(trusted);
    rmSync(folder, { recursive: true, force: true });
  }
});
