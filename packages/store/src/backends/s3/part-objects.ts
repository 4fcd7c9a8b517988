/** What uploads of part objects need of this backend: its calls for reserved keys, and composing by UploadPartCopy. */

import { streamSource } from '../../body.ts';
import type { Capabilities } from '../../capabilities.ts';
import type { ObjectInfo } from '../../object-store.ts';
import type { ComposeOptions, PartObjects, PartSpan } from '../../uploads/part-objects.ts';
import type { S3Context } from './context.ts';
import { deleteObjects } from './delete.ts';
import { getObject, headObject } from './get.ts';
import { eachEntry } from '../../list-pages.ts';
import { listAll } from './list.ts';
import { abortMultipart, completeMultipart, copyPart, createMultipart } from './multipart.ts';
import { runLanes } from '../../lanes.ts';
import type { SentPart } from './multipart.ts';
import { putObject } from './put.ts';
import { PARTS_MAX } from './settings.ts';

export function partObjects(context: S3Context, capabilities: () => Capabilities): PartObjects {
  const { conditions } = context;
  return {
    get capabilities() {
      return capabilities();
    },
    put: async (key, body, options = {}) => {
      await conditions.require(options.mode, 'upload', key, options);
      return putObject(context, key, body, options);
    },
    get: (key, options = {}) => getObject(context, key, options),
    list: (options = {}) => eachEntry(listAll(context, options), options.signal),
    delete: (keys, options = {}) => deleteObjects(context, keys, options, true),
    compose: async (key, parts, options) => {
      await conditions.require(options.mode, 'upload', key, options);
      return compose(context, key, parts, options);
    },
    toString: () => context.name.toString(),
  };
}

async function compose(
  context: S3Context,
  key: string,
  parts: readonly PartSpan[],
  options: ComposeOptions,
): Promise<ObjectInfo> {
  const { attributes, mode, signal, size } = options;
  // No service makes an object of no parts, or of more than S3 has.
  if (parts.length === 0 || size === 0 || parts.length > PARTS_MAX) {
    const body = streamSource(readParts(context, parts, signal), size);
    return putObject(context, key, body, { attributes, mode, signal });
  }
  const upload = await createMultipart(context, 'upload', key, attributes, {
    mode,
    signal,
    withChecksums: false,
  });
  const sent: SentPart[] = [];
  try {
    await runLanes(parts.entries(), context.concurrency, signal, async ([index, part], stop) => {
      const { info } = await headObject(context, 'upload', part.key, { signal: stop });
      const from = { source: context.client.copySource(part.key), etag: info.etag, start: 0, end: part.size };
      sent[index] = await copyPart(context, upload, index + 1, from, stop);
    });
    return await completeMultipart(context, upload, sent, { mode, signal });
  } catch (error) {
    await abortMultipart(context, upload);
    throw error;
  }
}

async function* readParts(
  context: S3Context,
  parts: readonly PartSpan[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  for (const { key, size } of parts) {
    if (size === 0) continue;
    const { body } = await getObject(context, key, { range: { start: 0, end: size }, signal });
    yield* body;
  }
}
