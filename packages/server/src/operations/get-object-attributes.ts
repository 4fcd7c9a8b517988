/** GetObjectAttributes: what HeadObject tells, and the parts. */

import { encodeGetObjectAttributes, formatHttpDate, parseGetObjectAttributes } from '@cistern/protocol';
import type { GetObjectAttributesInput, GetObjectAttributesOutput } from '@cistern/protocol';
import type { Version } from '../catalog/catalog.ts';
import { xmlReply } from '../http/reply.ts';
import type { Reply } from '../http/reply.ts';
import type { InBucket, Operation } from './context.ts';
import { chosenVersion, requireData, versionIdHeader } from './version-ids.ts';

export async function getObjectAttributes(
  context: InBucket,
  operation: Operation<'GetObjectAttributes'>,
): Promise<Reply> {
  const { services, bucket, headers } = context;
  const { key, query } = operation;
  const input = parseGetObjectAttributes(headers);
  const choice = chosenVersion(bucket, query);
  // Open, so that its parts stay where they are.
  const open = await services.catalog.openVersion(bucket.id, key, choice);
  try {
    const version = open?.version;
    requireData(version, { key, choice, method: 'GET' });
    const xml = encodeGetObjectAttributes(input, {
      ...version,
      parts: await partsOf(context, version, input),
    });
    return xmlReply(200, xml, [
      'Last-Modified',
      formatHttpDate(version.modifiedMs),
      ...versionIdHeader(bucket, version, choice),
    ]);
  } finally {
    open?.release();
  }
}

async function partsOf(
  { services }: InBucket,
  { manifest, parts: total }: Version,
  { attributes, maxParts, partNumberMarker: after }: GetObjectAttributesInput,
): Promise<GetObjectAttributesOutput['parts']> {
  if (total === 0 || manifest === null || !attributes.has('ObjectParts')) return null;
  // Another version on the same manifest may have more.
  const left = Math.max(total - after, 0);
  const limit = Math.min(maxParts, left);
  const { parts: page } = await services.catalog.uploads.listParts({ manifest, after, limit });
  return { total, page, truncated: maxParts > 0 && left > limit };
}
