/** An S3 server that is not ours, where it is installed: `npm ci --prefix tests/peers`. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Options {
  readonly port: number;
  readonly address: string;
  readonly silent: boolean;
  readonly directory: string;
  readonly configureBuckets: readonly { readonly name: string }[];
}

interface Server {
  run(): Promise<{ readonly port: number }>;
  close(): Promise<void>;
}

const peers = createRequire(new URL('../peers/package.json', import.meta.url));

/** For `skip`: the reason, or false. */
export const needsS3rver: string | false = existsSync(
  new URL('../peers/node_modules/s3rver', import.meta.url),
)
  ? false
  : 'needs s3rver: npm ci --prefix tests/peers';

/** Starts it with these buckets. Its only user is a fixed one. */
export async function startS3rver(buckets: readonly string[]): Promise<{
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  close: () => Promise<void>;
}> {
  const S3rver = peers('s3rver') as new (options: Options) => Server;
  const directory = await mkdtemp(join(tmpdir(), 'cistern-s3rver-'));
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: buckets.map((name) => ({ name })),
  });
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    credentials: { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' },
    close: async () => {
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
