/** The S3 backend over TLS: bodies are not signed there, and certificates are checked. */

import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { s3 } from '@cistern/store/s3';
import { startServer } from 'cistern';
import { makeCertificate } from '../clients/certificate.ts';

const { cert, key } = makeCertificate();
const server = await startServer({ tls: { cert, key }, buckets: ['box'] });
after(() => server.close());
const { endpoint, credentials, region } = server;

suite('TLS', () => {
  test('a certificate that nobody vouches for is refused, for good', async () => {
    await using store = s3({ bucket: 'box', endpoint, credentials, region });
    await assert.rejects(store.put('a', 'x'), {
      code: 'Unavailable',
      retry: 'permanent',
      message: /certificate is not trusted/,
    });
  });

  test('small and large bodies, ranges, presigned URLs', async () => {
    const before = getCACertificates('default');
    setDefaultCACertificates([...before, cert]);
    try {
      await using store = s3({ bucket: 'box', endpoint, credentials, region });
      await store.put('small', 'hello');
      assert.equal(await store.get('small').text(), 'hello');
      const large = Buffer.alloc(20 * 1024 * 1024, 'some text ');
      await store.put('large', large);
      const into = Buffer.alloc(large.byteLength);
      await store.readInto('large', into);
      assert.ok(large.equals(into));
      assert.match(await store.presign('small'), /^https:\/\/127\.0\.0\.1:\d+\/box\/small\?/);
      await store.delete('small');
    } finally {
      setDefaultCACertificates(before);
    }
  });
});
