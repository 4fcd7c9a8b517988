/** @module Commands on containers of Azure, against Azurite: what it has, and what is said of what it has not. */

import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { startAzurite, withoutAzurite } from '../support/azurite.ts';
import type { Azurite } from '../support/azurite.ts';
import { cliHome } from './cli.ts';

suite('azure', { skip: withoutAzurite }, () => {
  const home = cliHome();
  let emulator: Azurite;
  let env: Record<string, string>;

  before(async () => {
    emulator = await startAzurite();
    const { endpoint, account, accountKey } = emulator;
    env = {
      AZURE_STORAGE_CONNECTION_STRING: `AccountName=${account};AccountKey=${accountKey};BlobEndpoint=${endpoint}`,
    };
  });
  after(() => emulator.stop());

  test('containers, blobs, tags and URLs', async () => {
    await home.ok(['mb', 'az://box'], { env });
    const put = (await home.ok(['presign', 'az://box/a/b', '--method', 'PUT'], { env })).trimEnd();
    const headers = { 'x-ms-blob-type': 'BlockBlob' };
    assert.equal((await fetch(put, { method: 'PUT', body: 'hello', headers })).status, 201);
    await home.ok(['tag', 'az://box/a/b', 'colour=blue'], { env });
    assert.equal(await home.ok(['tag', 'az://box/a/b'], { env }), 'colour=blue\n');
    assert.match(await home.ok(['versions', 'az://box/a/'], { env }), / {2} +5 {2}\S+ +\* a\/b\n$/);
    const ofContainer = await home.run(['tag', 'az://box'], { env });
    assert.equal(ofContainer.code, 2);
    assert.match(ofContainer.err, /only its blobs/);
    const versioning = await home.run(['versioning', 'az://box', 'on'], { env });
    assert.match(versioning.err, /whole account/);
    const full = await home.run(['rb', 'az://box'], { env });
    assert.deepEqual([full.code, /it has 1 object\n/.test(full.err)], [1, true], full.err);
    await home.ok(['rm', 'az://box/a/*'], { env });
    assert.equal((await home.run(['rm', 'az://box/a/b'], { env })).code, 3);
    await home.ok(['rb', 'az://box'], { env });
    assert.equal(await home.ok(['ls', 'az://'], { env }), '');
  });
});
