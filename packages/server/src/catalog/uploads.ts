/**
 * Multipart uploads, as the catalog keeps them: an upload collects parts under their numbers and becomes a version of
 * its key when it is completed. Whether a list of parts is a good one is judged by the caller, on parts that it has read;
 * that they are still the same is decided when the version is published.
 *
 * What is told to an upload that has ended, or that is of another bucket or key, rejects with `NoSuchUpload`.
 */

import type { Content, Extent, Published, Version, VersionId, WriteCondition } from './catalog.ts';

/** What the object will have that the upload becomes, and who began it. */
export interface UploadAttributes {
  readonly owner: string;
  readonly initiator: string;
  readonly storageClass: string;
  /** JSON of headers and user metadata; opaque here. */
  readonly attributes: string;
  /** JSON list of [key, value]; null: no tags. */
  readonly tags: string | null;
  readonly checksumAlgorithm: string | null;
  /** COMPOSITE or FULL_OBJECT; null: no checksum. */
  readonly checksumType: string | null;
}

export interface UploadRequest extends UploadAttributes {
  readonly bucket: number;
  readonly key: string;
  /** Begun by a PutObject that can be read while it comes. */
  readonly live: boolean;
}

export type UploadState = 'open' | 'complete' | 'aborted';

/** One that has ended is still known for the age after which abandoned ones are aborted. */
export interface Upload extends UploadRequest {
  /** Also that of its manifest. Greater than those of all uploads that were begun before. */
  readonly id: number;
  readonly state: UploadState;
  readonly initiatedMs: number;
  /** When the last part came. */
  readonly activeMs: number;
  readonly endedMs: number | null;
  /** Of a complete one, as of the version that it became; null otherwise. */
  readonly versionSeq: number | null;
  readonly etag: string | null;
  readonly checksumValue: string | null;
  /** The digest that it was completed with. */
  readonly partList: Uint8Array | null;
}

/** As its row says, which is not held to its sum: one that the disk has changed is shown to be aborted. */
export type ListedUpload = Pick<
  Upload,
  'id' | 'key' | 'owner' | 'initiator' | 'storageClass' | 'initiatedMs' | 'checksumAlgorithm' | 'checksumType'
>;

/** Which upload is meant: its id alone does not give access to it. */
export interface UploadName {
  readonly bucket: number;
  readonly key: string;
  readonly upload: number;
}

/** Of an upload; of a version whose `parts` is not 0 the parts are numbered from 1 on, without gaps. */
export interface Part {
  readonly number: number;
  /** The sequence number that made it: a part that is sent again has another. */
  readonly seq: number;
  readonly size: number;
  /** Lower-case hex without quotes: the MD5 of the bytes unless they were copied. */
  readonly etag: string;
  /** How many runs of bytes it is made of. */
  readonly extents: number;
  readonly modifiedMs: number;
  /** Base64, in the upload's algorithm. */
  readonly checksumValue: string | null;
}

export interface PartRequest extends UploadName {
  /** 1 to 10,000. */
  readonly number: number;
  readonly content: Content;
  /** At most 5 GiB. */
  readonly size: number;
  readonly etag: string;
  readonly checksumValue: string | null;
  /** Refuses to take the place of a part: rejects with `PartsChanged`. */
  readonly onlyNew?: boolean;
}

export interface PartCopyRequest extends UploadName {
  readonly number: number;
  readonly sourceBucket: number;
  readonly sourceKey: string;
  /** Of a snapshot. */
  readonly sourceAsOf?: number | null;
  /** The version that was asked for; undefined: the latest. */
  readonly sourceVersion?: VersionId | undefined;
  /** The version that the caller has looked at; another one by now rejects with `SourceChanged`. */
  readonly sourceSeq: number;
  /** Bytes [start, end) of the source, at most 5 GiB. */
  readonly start: number;
  readonly end: number;
  /** Null: one is made of where the bytes are, for they are not read. It has the form of an MD5. */
  readonly etag: string | null;
  readonly checksumValue: string | null;
}

export interface PublishedPart {
  readonly seq: number;
  readonly etag: string;
  readonly modifiedMs: number;
}

export interface UploadListRequest {
  readonly bucket: number;
  readonly prefix: string;
  /** Empty: no grouping. */
  readonly delimiter: string;
  /** Only what comes after it: after a key or common prefix, or with `upload` after that upload of the key. */
  readonly after: { readonly key: string; readonly upload?: number | undefined };
  /** Uploads and common prefixes together. */
  readonly limit: number;
}

export interface UploadListResult {
  /** Keys in UTF-8 byte order, of each the oldest upload first. */
  readonly uploads: readonly ListedUpload[];
  readonly commonPrefixes: readonly string[];
  readonly truncated: boolean;
  /** What was returned last: `after` of the next page. */
  readonly last: { readonly key: string; readonly upload?: number | undefined };
}

export interface CompletionRequest extends UploadName {
  /** What the object is made of, in order: numbers ascending, each with the `seq` that the caller has looked at. */
  readonly numbers: readonly number[];
  readonly seqs: readonly number[];
  /** A digest of the list as the client sent it. */
  readonly partList: Uint8Array;
  readonly etag: string;
  readonly checksumValue: string | null;
  readonly condition: WriteCondition | null;
}

/** What has come of an upload and can be read. */
export interface UploadPrefix {
  readonly upload: Upload;
  /** Of an open upload those from 1 on without a gap, of a complete one all. */
  readonly parts: readonly Part[];
  /** Of its parts. */
  readonly size: number;
  /** Whether it was aborted, or the object that it became is gone: there are no parts then. */
  readonly gone: boolean;
  /** Of a complete one: whether its bytes can be had. */
  readonly version: Pick<Version, 'storageClass' | 'restoredUntilMs'> | null;
}

/** Bytes that stay where they are until `release`, which may be called again. */
export interface OpenBytes {
  /** The extents that overlap [start, end), in order; rejects with `PartsChanged` when the bytes are others by now. */
  extents(start: number, end: number): Promise<readonly Extent[]>;
  release(): void;
}

export interface OpenPart extends OpenBytes {
  readonly part: Part;
}

export interface OpenComplete extends OpenBytes {
  readonly size: number;
  /** Those of the object after the one of that number, at most so many. */
  parts(after: number, limit: number): Promise<readonly Part[]>;
}

/** A part was committed, or the upload has ended. */
export interface UploadChange {
  readonly upload: number;
  /** Null: it was completed or aborted, or nothing more can be heard of it. */
  readonly part: number | null;
}

export interface UploadCatalog {
  /** Rejects with `NoSuchBucket`. */
  createUpload(request: UploadRequest): Promise<{ readonly id: number; readonly initiatedMs: number }>;
  /** In any state. */
  findUpload(name: UploadName): Promise<Upload | undefined>;
  /** Open ones. Costs what it returns. */
  listUploads(request: UploadListRequest): Promise<UploadListResult>;

  /** Those of one key, also such as have ended, after the one of that number, in the order of their numbers. */
  listKeyUploads(request: {
    bucket: number;
    key: string;
    after: number;
    limit: number;
  }): Promise<{ readonly uploads: readonly Upload[]; readonly truncated: boolean }>;

  /** Takes the place of the part of that number, if there is one. A reserved blob is used up, in success and in failure. */
  publishPart(request: PartRequest): Promise<PublishedPart>;
  /** The same, sharing bytes of a version. Rejects with `SourceChanged`, and with `NoSuchKey` for a delete marker. */
  copyPart(request: PartCopyRequest): Promise<PublishedPart>;
  /** In the order of their numbers. @param manifest that of a version, or the id of an open upload */
  listParts(request: {
    manifest: number;
    after: number;
    limit: number;
  }): Promise<{ readonly parts: readonly Part[]; readonly truncated: boolean }>;
  /** One part of a version, and the offset in the object at which it begins. */
  findPart(
    manifest: number,
    number: number,
  ): Promise<{ readonly part: Part; readonly start: number } | undefined>;

  /**
   * Makes a version of the parts, gives up those that are not listed, and ends the upload. Rejects with `PartsChanged`
   * when one was replaced or is not there, and as `publishVersion`; the upload is as it was then.
   */
  completeUpload(request: CompletionRequest): Promise<Published>;
  /** Undefined: there is no such upload, or not any more. */
  readPrefix(name: UploadName): Promise<UploadPrefix | undefined>;
  /** Only its size; 0 when there is nothing to read. */
  prefixSize(name: UploadName): Promise<number>;
  /**
   * A part of an upload that is open or complete, to be read; undefined: it is not there, or begins elsewhere.
   *
   * @param offset where the part begins in the object, when all parts before it are those that are there now
   */
  openPart(name: UploadName, number: number, offset: number): Promise<OpenPart | undefined>;
  /** What a complete upload became, as it was then; undefined: it is not complete, or the object is gone. */
  openComplete(name: UploadName): Promise<OpenComplete | undefined>;
  /**
   * Tells of every change that is committed after it has resolved, and of some before, until the returned function is
   * called. Costs nothing while nothing changes. Once no change can come any more, an end is told.
   */
  watchUpload(upload: number, listener: (change: UploadChange) => void): Promise<() => void>;

  /** Gives up all parts. */
  abortUpload(name: UploadName): Promise<void>;
}
