/** ListBuckets: the buckets of the user; of everybody for root. */

import { encodeListBuckets, parseListBuckets } from '@cistern/protocol';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { Authorized, Operation } from './context.ts';

export async function listBuckets(context: Authorized, operation: Operation<'ListBuckets'>): Promise<Reply> {
  const { services, user } = context;
  const input = parseListBuckets(operation.query);
  // One server, one region: of another one there is nothing.
  const elsewhere = input.region !== undefined && input.region !== services.region;
  const { buckets, truncated } = elsewhere
    ? { buckets: [], truncated: false }
    : await services.catalog.listBuckets({
        owner: user.root ? undefined : user.name,
        prefix: input.prefix,
        after: input.after,
        limit: input.maxBuckets,
      });
  return xmlReply(200, encodeListBuckets(input, { owner: user.name, buckets, truncated }));
}
