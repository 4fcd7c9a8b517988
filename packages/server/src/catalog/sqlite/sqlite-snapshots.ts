/** The snapshots and forks of a gateway thread's catalog. It drives a fork: each slice is a mutation of its own. */

import type { Bucket } from '../catalog.ts';
import type { ForkRequest, Snapshot, SnapshotCatalog } from '../snapshots.ts';
import type { ForkPlan } from './mutation.ts';
import type { SharedSnapshot } from './shared-snapshot.ts';
import type { SnapshotReader } from './snapshot-reader.ts';
import type { WriterClient } from './writer-client.ts';

export class SqliteSnapshots implements SnapshotCatalog {
  readonly #reader: SnapshotReader;
  readonly #snapshot: SharedSnapshot;
  readonly #writer: Pick<WriterClient, 'write'>;

  constructor(reader: SnapshotReader, snapshot: SharedSnapshot, writer: Pick<WriterClient, 'write'>) {
    this.#reader = reader;
    this.#snapshot = snapshot;
    this.#writer = writer;
  }

  create(bucket: number, name: string): Promise<Snapshot> {
    return this.#writer.write('createSnapshot', { bucket, name });
  }

  async list(bucket: number): Promise<readonly Snapshot[]> {
    return this.#snapshot.read(() => this.#reader.list(bucket));
  }

  async delete(bucket: number, name: string): Promise<void> {
    await this.#writer.write('deleteSnapshot', { bucket, name });
  }

  async fork(request: ForkRequest): Promise<Bucket> {
    const { bucket, plan } = await this.#writer.write('beginFork', request);
    try {
      await this.#copy(plan);
      await this.#writer.write('finishFork', { plan });
    } catch (error) {
      // When the writer cannot be told, its next start gives the fork up.
      await this.#writer.write('abandonFork', { plan }).catch(() => undefined);
      throw error;
    }
    return bucket;
  }

  async #copy(plan: ForkPlan): Promise<void> {
    let from: string | null = '';
    while (from !== null) {
      const slice: { next: string | null } = await this.#writer.write('copyForkSlice', { plan, from });
      from = slice.next;
    }
  }
}
