/**
 * @module A client of a server whose disk is going. Acknowledgements of writes are told of, so that the power can be cut at one;
 * from then on nobody hears anything. What is answered while a file system is being shut down proves nothing: ext4 may then call
 * a sync of an appended file a success that it was not. What is asked for once it is down must be refused.
 */

import assert from 'node:assert/strict';

import { S3 } from '../../support/s3.ts';
import type { S3RequestOptions, S3Response } from '../../support/s3.ts';

/** The request may have been done, or not. */
export class Unanswered extends Error {}

export class WatchedS3 extends S3 {
  /** Called at once with each, until the power is cut. @param bytes of the request's body */
  onAcknowledged: (bytes: number) => void = () => undefined;
  power: 'on' | 'going' | 'off' = 'on';

  /** Throws Unanswered. */
  override async send(method: string, path: string, options?: S3RequestOptions): Promise<S3Response> {
    const sentWith = this.power;
    const response = await super.send(method, path, options).catch((error: unknown) => {
      throw new Unanswered(`${method} ${path}`, { cause: error });
    });
    const isWrite = method !== 'GET' && response.status < 300;
    assert.ok(!isWrite || sentWith !== 'off', `${method} ${path} was acknowledged without a disk`);
    if (response.status >= 500 || this.power !== 'on')
      throw new Unanswered(`${method} ${path}: ${response.status}`);
    if (isWrite) this.onAcknowledged(options?.body?.length ?? 0);
    return response;
  }
}
