/** Blobs: that their rows make sense, and that their bytes are there, as many as there should be and with the right hash. */

import { createHash } from 'node:crypto';
import { BLOB_STATE } from '../../catalog/sqlite/schema.ts';
import { blobSum } from '../../catalog/sqlite/row-sums.ts';
import { hashedLocation } from '../../catalog/sqlite/mutations/blobs.ts';
import { OBJECT_LOCATION, STORE_TIER } from '../../blobs/tiers.ts';
import { isMissing, pathOfBlob } from '../blob-places.ts';
import type { BlobPlace, BlobPlaces, PlaceReader } from '../blob-places.ts';
import type { FsckContext } from '../context.ts';
import { OutOfOrder } from '../slices.ts';
import type { HashPool } from '../hash-pool.ts';
import type { HashAnswer } from '../hash-blob.ts';
import type { ProblemKind } from '../report.ts';
import { checksChecker } from './blob-checks.ts';

/** Of a quick check, which reads no bytes: what the scrub or a GET has found. */
const NOTED = 'LEFT JOIN damage d ON d.blob = b.id';

/** Inline ones come with their bytes. */
const PAGE = 100;

interface BlobRow {
  readonly id: number;
  readonly scope: number;
  readonly sha256: Uint8Array;
  readonly state: number;
  readonly refs: number;
  readonly codec: number;
  readonly logical: number;
  readonly stored: number;
  readonly location: string | null;
  readonly tier: string;
  readonly sum: number | null;
  readonly framed: number;
  /** Of inline ones. */
  readonly held: number | null;
  readonly data: Uint8Array | null;
  /** What was found by who read it; null: nothing, or it is read now. */
  readonly damage: string | null;
}

export interface BlobFilesOptions {
  readonly places: BlobPlaces;
  readonly reader: PlaceReader;
  /** Null: a quick check, of sizes only. */
  readonly hashes: HashPool | null;
}

/** To be called after the manifests, when all references were counted. */
export async function checkBlobs(
  context: FsckContext,
  { places, reader, hashes }: BlobFilesOptions,
): Promise<void> {
  const { db, slices, findings, blobRefs, sequence, summedAfter } = context;
  const { checked, awaiting } = findings;
  findings.phase = 'blobs';
  const quick = hashes === null;
  const page =
    db.prepare(`SELECT id, scope, sha256, state, refs, codec, logical, stored, location, tier, sum, frames IS NOT NULL AS framed,
      length(data) AS held, ${quick ? 'NULL AS data, d.reason AS damage' : 'data, NULL AS damage'}
    FROM blobs b ${quick ? NOTED : ''} WHERE id > ? ORDER BY id LIMIT ${PAGE}`);
  const stateOf = db.prepare('SELECT state FROM blobs WHERE id = ?');

  const wrongChecks = checksChecker(db);
  const report = (kind: ProblemKind, message: string, { id, tier, location }: BlobRow): void => {
    const path = location === null ? {} : { path: pathOfBlob(places.get(tier), location) };
    findings.problem(kind, message, { blob: id, ...path });
  };

  /** The rows that have a file that must be there. */
  const checkRow = (row: BlobRow): boolean => {
    checked.blobs++;
    if (row.id <= sequence) blobRefs.compare(row.id, row.refs);
    if (row.damage !== null && row.refs > 0)
      report('blob-damaged', `It was found damaged: ${row.damage}.`, row);
    if (row.location === null) {
      checkInline(row);
      return false;
    }
    const wrong = wrongFields(row);
    if (wrong !== undefined) report('blob-row', wrong, row);
    if (row.refs === 0) {
      awaiting.blobs++;
      return false;
    }
    const checks = wrongChecks(row);
    if (checks !== undefined) report('blob-checks', checks, row);
    if (!places.has(row.tier)) {
      report(
        'blob-tier',
        row.tier === STORE_TIER
          ? 'The store that the blob is in is not known: say --blobs URL.'
          : `The directory of the storage class ${row.tier} is not known.`,
        row,
      );
      return false;
    }
    return row.state === BLOB_STATE.live;
  };

  const checkInline = (row: BlobRow): void => {
    if (row.state !== BLOB_STATE.live || row.refs === 0 || row.held === null) {
      report('blob-row', 'The inline blob has no bytes, or nothing refers to it.', row);
    } else if (row.codec !== 0 || row.tier !== '' || row.framed === 1) {
      report('blob-row', 'The inline blob has a codec, or a tier.', row);
    } else if (row.sum === null && row.id > summedAfter) {
      report('row-damaged', 'The inline blob has no sum.', row);
    } else if (row.held !== row.stored || row.stored !== row.logical) {
      report('blob-size', `The inline blob has ${row.held} bytes of ${row.stored}.`, row);
    } else if (row.data !== null) {
      checked.bytesHashed += row.data.byteLength;
      if (!createHash('sha256').update(row.data).digest().equals(row.sha256))
        report('blob-damaged', 'The bytes of the inline blob are not those that were stored.', row);
      else if (row.sum !== null && blobSum(row.id, row.data) !== row.sum)
        report('row-damaged', 'The sum of the inline blob is not that of its bytes.', row);
    }
  };

  /** Whether it still has to be there: the reaper may have been faster than we. */
  const isDue = (row: BlobRow): Promise<boolean> =>
    slices.read(() => (stateOf.get(row.id) as { state: number } | undefined)?.state === BLOB_STATE.live);

  const checkFile = async (row: BlobRow, place: BlobPlace): Promise<void> => {
    const { stored, location, sha256 } = row;
    const request = { place, location: location ?? '', length: stored };
    const answer = hashes === null ? await sizeOf(reader, request) : await hashes.hash(request);
    const wrong = wrongFile(answer, { stored, sha256 });
    if (hashes !== null && 'size' in answer) checked.bytesHashed += answer.size;
    if (wrong !== undefined && (await isDue(row))) report(wrong.kind, wrong.message, row);
    findings.progress();
  };

  let rows: BlobRow[];
  let last = -1;
  do {
    let files: BlobRow[] = [];
    rows = await slices.read(() => {
      const found = page.all(last) as unknown as BlobRow[];
      files = found.filter(checkRow);
      return found;
    });
    const newest = rows.at(-1)?.id ?? last;
    if (rows.length > 0 && newest <= last) throw new OutOfOrder();
    last = newest;
    // By as many at a time as there are threads to hash.
    const queue = files.values();
    const work = async (): Promise<void> => {
      for (const row of queue) {
        const place = places.get(row.tier);
        if (place !== undefined) await checkFile(row, place);
      }
    };
    await Promise.all(Array.from({ length: hashes?.threads ?? 1 }, work));
    findings.progress();
  } while (rows.length > 0);
}

function wrongFields({
  scope,
  sha256,
  state,
  refs,
  codec,
  logical,
  stored,
  location,
  tier,
  held,
}: BlobRow): string | undefined {
  if (tier === STORE_TIER) {
    if (location === null || !OBJECT_LOCATION.test(location)) return 'The blob has a place that is none.';
  } else if (location !== hashedLocation({ scope, codec, sha256 })) {
    return 'The place of the blob does not follow from its hash.';
  }
  if (held !== null) return 'The blob is both inline and a file.';
  if (codec === 0 && logical !== stored)
    return `The blob has ${logical} bytes, and ${stored} stored as they are.`;
  if (state !== BLOB_STATE.live && refs > 0)
    return 'The blob has references, and is pending or being deleted.';
  return undefined;
}

async function sizeOf(
  reader: PlaceReader,
  { place, location }: { place: BlobPlace; location: string },
): Promise<HashAnswer> {
  try {
    return { size: await reader.sizeOf(place, location), sha256: new Uint8Array() };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return { code, message };
  }
}

function wrongFile(
  answer: HashAnswer,
  { stored, sha256 }: { stored: number; sha256: Uint8Array },
): { kind: ProblemKind; message: string } | undefined {
  if ('code' in answer) {
    if (isMissing(answer.code))
      return { kind: 'blob-missing', message: 'The file of the blob is not there.' };
    return { kind: 'blob-unreadable', message: `The file of the blob cannot be read (${answer.message}).` };
  }
  if (answer.size !== stored)
    return { kind: 'blob-size', message: `The file has ${answer.size} bytes, and should have ${stored}.` };
  // Empty: it was not taken.
  if (answer.sha256.byteLength > 0 && !Buffer.from(answer.sha256).equals(sha256))
    return { kind: 'blob-damaged', message: 'The SHA-256 of the file is not its name.' };
  return undefined;
}
