/** Renaming an object in its bucket: the rows of its version change, nothing else does. */

import { hash } from 'node:crypto';
import { renameConditionsHold } from '@cistern/protocol';
import type { RenameRequest } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import { purgeManifest } from '../purge.ts';
import { FEED_KIND, VERSIONING } from '../schema.ts';
import { requireBucket } from './context.ts';
import type { BucketRow, WriteContext } from './context.ts';
import { makeCurrent, removeCurrent } from './history.ts';

/** How long a repeated request is known by its token. */
export const TOKEN_MS = 24 * 3600 * 1000;

/** Old tokens that a rename removes: more than it adds, and not a day's at once, for which all others would wait. */
const TRIM_SLICE = 10;

export function renameVersion(context: WriteContext, input: RenameRequest): undefined {
  const { sql, reader } = context;
  const bucket = requireBucket(context, input.bucket);
  if (bucket.versioning !== VERSIONING.never)
    throw new CatalogError('VersionedBucket', 'Objects of a bucket with versions are not renamed');
  if (isRepeated(context, bucket, input)) return undefined;
  const source = reader.findVersion(bucket.id, input.sourceKey);
  if (source === undefined) throw new CatalogError('NoSuchKey', 'The source does not exist');
  const destination = reader.findVersion(bucket.id, input.key) ?? null;
  if (
    !renameConditionsHold(source, input.sourceConditions) ||
    !renameConditionsHold(destination, input.destinationConditions)
  )
    throw new CatalogError('PreconditionFailed', 'A condition does not hold');
  rememberToken(context, bucket, input);
  if (input.sourceKey === input.key) return undefined;
  context.requireRoom();
  // Before the old row gives its own up.
  if (source.manifest !== null) sql.addManifestRef.run(source.manifest);
  const gone = removeCurrent(context, bucket, input.sourceKey);
  const away = context.nextSequence();
  sql.insertFeed.run(
    away,
    context.now(),
    FEED_KIND.renamedAway,
    bucket.id,
    input.sourceKey,
    null,
    null,
    null,
  );
  if (gone !== null) purgeManifest(sql, gone);
  const seq = context.nextSequence();
  makeCurrent(context, bucket, { ...source, key: input.key, seq, kind: FEED_KIND.renamedTo });
  return undefined;
}

/** Its digest: conditions may be long. */
function requestOf({ sourceKey, key, sourceConditions, destinationConditions }: RenameRequest): Buffer {
  const request = JSON.stringify([sourceKey, key, sourceConditions, destinationConditions]);
  return hash('sha256', request, 'buffer');
}

/** @throws CatalogError TokenMismatch when the token came with another request */
function isRepeated({ sql }: WriteContext, bucket: BucketRow, input: RenameRequest): boolean {
  if (input.token === null) return false;
  const row = sql.renameToken.get(bucket.id, input.token) as { request: Uint8Array } | undefined;
  if (row === undefined) return false;
  if (requestOf(input).equals(row.request)) return true;
  throw new CatalogError('TokenMismatch', 'The token came with another request before');
}

function rememberToken({ sql, now, tokenNow }: WriteContext, bucket: BucketRow, input: RenameRequest): void {
  if (input.token === null) return;
  sql.trimRenameTokens.run(tokenNow() - TOKEN_MS, TRIM_SLICE);
  sql.insertRenameToken.run(bucket.id, input.token, requestOf(input), now());
}
