/**
 * @module The server under test: one for each test file, closed when the file's tests are over.
 *
 * With `CISTERN_TEST_ENDPOINT`, `CISTERN_TEST_ACCESS_KEY` and `CISTERN_TEST_SECRET_KEY` set, the same tests ask any other
 * S3 service, which shows where a test and not the server is wrong. What needs a server of our own is skipped then.
 *
 * With `CISTERN_TEST_BLOBS` set to the URL of a store, the server keeps its blobs there, each in a folder of its own in
 * place of `FOLDER`.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

import { startServer } from 'cistern';

import { S3 } from './s3.ts';

export type ServerOptions = NonNullable<Parameters<typeof startServer>[0]>;

export const REGION = 'us-east-1';

const peer = process.env['CISTERN_TEST_ENDPOINT'];
const blobs = process.env['CISTERN_TEST_BLOBS'];

/** For `skip`: the reason why a test cannot run against a foreign service, or false. */
export const needsOwnServer: string | false =
  peer === undefined ? false : 'needs a server that this file configures';

/** For `skip`: the reason why a test cannot look at the files of blobs, or false. */
export const needsBlobFiles: string | false =
  needsOwnServer || (blobs === undefined ? false : 'blobs are in another store, and no files here');

export interface TestServer {
  s3: S3;
  /** empty against a foreign service */
  dataDir: string;
}

/** Starts a server for the calling file. Root may do everything; `options` say the rest. */
export async function startTestServer(options: ServerOptions = {}): Promise<TestServer> {
  if (peer !== undefined) {
    const credentials = {
      accessKeyId: process.env['CISTERN_TEST_ACCESS_KEY'] ?? '',
      secretAccessKey: process.env['CISTERN_TEST_SECRET_KEY'] ?? '',
    };
    const s3 = new S3({ endpoint: peer, credentials, region: REGION });
    after(() => s3.close());
    return { s3, dataDir: '' };
  }
  const dataDir = await mkdtemp(join(tmpdir(), 'cistern-test-'));
  const server = await startServer({
    dataDir,
    ...(blobs !== undefined && { blobs: { url: blobs.replace('FOLDER', randomUUID()) } }),
    ...options,
  });
  const s3 = new S3({ endpoint: server.endpoint, credentials: server.credentials, region: REGION });
  after(async () => {
    await s3.close();
    await server.close();
    await rm(dataDir, { recursive: true, force: true });
  });
  return { s3, dataDir };
}

/** Every file below the data directory, relative to it: what a failed request must not have added to. */
export async function dataFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dataDir.length + 1))
    .sort();
}
