/** What is not S3: `/-/health/live`, `/-/health/ready` and `/-/metrics`. They tell nothing about buckets, keys or users. */

import { S3Error } from '@cistern/protocol';
import { textReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';

export interface AdminPagesOptions {
  /** Why the server should get no requests now; undefined when it is ready. Bounded in time. */
  readonly notReady: () => Promise<string | undefined>;
  /** Prometheus text of all threads. */
  readonly metrics: () => Promise<string>;
}

export class AdminPages {
  readonly #options: AdminPagesOptions;

  constructor(options: AdminPagesOptions) {
    this.#options = options;
  }

  async reply(method: string, target: string): Promise<Reply> {
    if (method !== 'GET' && method !== 'HEAD') throw new S3Error('MethodNotAllowed');
    switch (target.split('?', 1)[0]) {
      case '/-/health/live':
        return textReply(200, 'live\n');
      case '/-/health/ready': {
        const reason = await this.#options.notReady();
        return reason === undefined ? textReply(200, 'ready\n') : textReply(503, `not ready: ${reason}\n`);
      }
      case '/-/metrics':
        return textReply(200, await this.#options.metrics(), 'text/plain; version=0.0.4; charset=utf-8');
      default:
        return textReply(404, 'There is no such page. Try /-/health/live, /-/health/ready or /-/metrics.\n');
    }
  }
}
