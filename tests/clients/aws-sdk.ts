/**
 * @module The AWS SDK for JavaScript as its users configure it for another service: an endpoint and path style.
 *
 * Everything else stays at the SDK's defaults, its checksums above all, except that a failure is not tried again: a
 * retry would hide it.
 */

import { Agent } from 'node:https';
import { after } from 'node:test';

import { S3Client, type S3ServiceException } from '@aws-sdk/client-s3';

import { REGION } from '../support/server.ts';

export interface SdkOptions {
  endpoint: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  /** PEM, of a server that speaks TLS */
  authority?: string;
}

export function createSdkClient({ endpoint, credentials, authority }: SdkOptions): S3Client {
  const client = new S3Client({
    endpoint,
    region: REGION,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    ...(authority === undefined ? {} : { requestHandler: { httpsAgent: new Agent({ ca: authority }) } }),
  });
  after(() => client.destroy());
  return client;
}

/** For `assert.rejects`: the error that S3's clients see by name and status. */
export function sdkError(name: string, status: number): (error: S3ServiceException) => boolean {
  return (error) => {
    if (error.name === name && error.$metadata?.httpStatusCode === status) return true;
    throw new Error(`expected ${name} (${status}), got ${error.name} (${error.$metadata?.httpStatusCode})`, {
      cause: error,
    });
  };
}
