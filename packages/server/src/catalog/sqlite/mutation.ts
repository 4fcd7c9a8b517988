/** What can be asked of the writer thread: a closed union, plain data that crosses threads. */

import type {
  Appended,
  AppendRequest,
  Bucket,
  ChosenVersioning,
  CopyRequest,
  Deletion,
  DeletionResult,
  Published,
  PublishRequest,
  RenameRequest,
  Reservation,
  ReserveRequest,
  RestoreRequest,
  TagsRequest,
} from '../catalog.ts';
import type {
  CompletionRequest,
  PartCopyRequest,
  PartRequest,
  PublishedPart,
  UploadName,
  UploadRequest,
} from '../uploads.ts';
import type { ScrubNote } from '../scrub.ts';
import type { ForkRequest, Snapshot } from '../snapshots.ts';

/** What a fork that has begun is made of. */
export interface ForkPlan {
  /** The new bucket. */
  readonly fork: number;
  readonly source: number;
  readonly asOf: number;
  readonly untilMs: number;
}

/** Input and result of each mutation. */
export interface Mutations {
  createBucket: { input: { name: string; owner: string; region: string }; result: Bucket };
  deleteBucket: { input: { bucket: number }; result: undefined };
  reserveBlob: { input: ReserveRequest; result: Reservation };
  releaseBlob: { input: { blob: number }; result: undefined };
  publishVersion: { input: PublishRequest; result: Published };
  copyVersion: { input: CopyRequest; result: Published };
  restoreVersion: { input: RestoreRequest; result: { extended: boolean } };
  deleteVersions: {
    input: { bucket: number; deletions: readonly Deletion[] };
    result: readonly DeletionResult[];
  };
  appendVersion: { input: AppendRequest; result: Appended };
  renameVersion: { input: RenameRequest; result: undefined };
  setTags: { input: TagsRequest; result: Pick<Published, 'version'> };
  setBucketTags: { input: { bucket: number; tags: string | null }; result: undefined };
  createSnapshot: { input: { bucket: number; name: string }; result: Snapshot };
  deleteSnapshot: { input: { bucket: number; name: string }; result: undefined };
  beginFork: { input: ForkRequest; result: { bucket: Bucket; plan: ForkPlan } };
  /** From that key on; null: that was the last slice. */
  copyForkSlice: { input: { plan: ForkPlan; from: string }; result: { next: string | null } };
  finishFork: { input: { plan: ForkPlan }; result: undefined };
  abandonFork: { input: { plan: ForkPlan }; result: undefined };
  setVersioning: { input: { bucket: number; versioning: ChosenVersioning }; result: undefined };
  createUpload: { input: UploadRequest; result: { id: number; initiatedMs: number } };
  publishPart: { input: PartRequest; result: PublishedPart };
  copyPart: { input: PartCopyRequest; result: PublishedPart };
  completeUpload: { input: CompletionRequest; result: Published };
  noteScrub: { input: ScrubNote; result: undefined };
  abortUpload: { input: UploadName; result: undefined };
}

export type MutationName = keyof Mutations;

export type Mutation = {
  [N in MutationName]: { readonly name: N; readonly input: Mutations[N]['input'] };
}[MutationName];

export type MutationResult = Mutations[MutationName]['result'];
