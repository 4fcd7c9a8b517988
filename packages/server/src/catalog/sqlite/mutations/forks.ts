/**
 * A fork of a bucket, in slices: version rows are copied, with a reference to each manifest, never bytes. Who asked for
 * the fork asks for each slice, so that other writes come in between; a snapshot that nobody sees holds the source as
 * it was at the beginning. A fork that does not come to its end is removed by the sweeper.
 */

import type { Bucket } from '../../catalog.ts';
import { CatalogError } from '../../errors.ts';
import type { ForkRequest } from '../../snapshots.ts';
import type { ForkPlan } from '../mutation.ts';
import { ownerSum } from '../row-sums.ts';
import { FEED_KIND, SNAPSHOT_STATE } from '../schema.ts';
import { requireFreeName } from './buckets.ts';
import { feedOfBucket, requireBucket } from './context.ts';
import type { WriteContext } from './context.ts';
import { markDeleting, nameOf } from './snapshots.ts';

/** Keys that a slice looks at: a few milliseconds of the writer's time. */
const SLICE = 500;

export function beginFork(context: WriteContext, input: ForkRequest): { bucket: Bucket; plan: ForkPlan } {
  const { sql, reader } = context;
  const { source, sourceAsOf, untilMs = Number.MAX_SAFE_INTEGER, name, owner, region } = input;
  context.requireRoom();
  requireFreeName(reader, { name, owner });
  const { scope } = requireBucket(context, source);
  if (sourceAsOf !== null && sql.snapshots.holds.get(source, sourceAsOf) === undefined) {
    throw new CatalogError('NoSuchBucket', 'The snapshot does not exist');
  }
  const id = context.nextSequence();
  const createdMs = context.now();
  const asOf = sourceAsOf ?? id;
  sql.snapshots.insertFork.run(id, name, owner, region, scope, createdMs);
  sql.snapshots.insert.run(source, nameOf(id), asOf, createdMs, SNAPSHOT_STATE.holding);
  sql.snapshots.setNewest.run(source);
  const bucket: Bucket = {
    id,
    name,
    owner,
    region,
    scope,
    createdMs,
    versioning: 'never',
    tags: null,
    asOf: null,
  };
  return { bucket, plan: { fork: id, source, asOf, untilMs } };
}

/** Every row is numbered as the bucket is: older than whatever comes next. */
export function copyForkSlice(
  context: WriteContext,
  { plan, from }: { plan: ForkPlan; from: string },
): { next: string | null } {
  const { sql, reader } = context;
  context.requireRoom();
  const { fork, source } = plan;
  const bucket = sql.snapshots.forking.get(fork) as { owner: string } | undefined;
  if (bucket === undefined) throw new CatalogError('NoSuchBucket', 'The fork was given up');
  const { shown, next } = reader.snapshots.step(
    { bucket: source, asOf: plan.asOf, untilMs: plan.untilMs },
    { from, limit: SLICE },
  );
  for (const { version, owner: was, place, seq, since, manifest } of shown) {
    const owner = ownerSum(bucket.owner) - ownerSum(was);
    sql.snapshots.copyVersion.run(fork, bucket.owner, source, place, version.key, seq, since, owner);
    if (manifest !== null) sql.addManifestRef.run(manifest);
  }
  return { next: next ?? null };
}

export function finishFork(context: WriteContext, { plan }: { plan: ForkPlan }): undefined {
  const { name } = context.sql.snapshots.finishFork.get(plan.fork) as { name: string };
  feedOfBucket(context, FEED_KIND.bucketCreated, plan.fork, name);
  letGo(context, plan);
  context.bucketsChanged();
  return undefined;
}

export function abandonFork(context: WriteContext, { plan }: { plan: ForkPlan }): undefined {
  context.sql.snapshots.abandonFork.run(plan.fork);
  letGo(context, plan);
  return undefined;
}

function letGo(context: WriteContext, { source, fork }: ForkPlan): void {
  markDeleting(context, { bucket: source, name: nameOf(fork), as: nameOf(fork) });
}

/** Those that a crash has left. @returns how many */
export function abandonForks({ sql }: WriteContext): number {
  const { changes } = sql.snapshots.abandonForks.run();
  if (sql.snapshots.letGoOfAll.run().changes !== 0) sql.snapshots.setNewestOfAll.run();
  return Number(changes);
}
