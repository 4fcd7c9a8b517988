/** The contract of stores on the S3 backend, against our own server. */

import { after, suite, test } from 'node:test';
import { s3 } from '@cistern/store/s3';
import { contract } from '@cistern/store/testing';
import { REGION, startTestServer } from '../support/server.ts';

const { s3: server } = await startTestServer({ buckets: ['contract'] });
const { endpoint, credentials } = server;

for (const uploads of ['native', 'parts'] as const) {
  contract({
    name: `s3 on our server, uploads: ${uploads}`,
    runner: { suite, test, after },
    open: () =>
      Promise.resolve(
        s3({
          bucket: 'contract',
          endpoint,
          region: REGION,
          credentials,
          uploads: uploads === 'native' ? 'auto' : uploads,
        }),
      ),
  });
}
