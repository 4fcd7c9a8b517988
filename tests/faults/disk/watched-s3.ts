/** @module A client of a server whose disk is going: acknowledgements of writes are told of, and a 5xx is no answer. */

import { S3 } from '../../support/s3.ts';
import type { S3RequestOptions, S3Response } from '../../support/s3.ts';

/** The request may have been done, or not. */
export class Unanswered extends Error {}

export class WatchedS3 extends S3 {
  /** Called at once with each. */
  onAcknowledged = (): void => undefined;

  /** Throws Unanswered. */
  override async send(method: string, path: string, options?: S3RequestOptions): Promise<S3Response> {
    const response = await super.send(method, path, options).catch((error: unknown) => {
      throw new Unanswered(`${method} ${path}`, { cause: error });
    });
    if (response.status >= 500) throw new Unanswered(`${method} ${path}: ${response.status}`);
    if (method !== 'GET' && response.status < 300) this.onAcknowledged();
    return response;
  }
}
