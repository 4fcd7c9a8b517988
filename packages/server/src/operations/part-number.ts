/**
 * `partNumber` of GetObject and HeadObject: the bytes of one part, as a range. An object that was not uploaded in parts
 * is a single one.
 */

import { parsePartNumber, S3Error } from '@cistern/protocol';
import type { Query, ResolvedRange } from '@cistern/protocol';
import type { Version } from '../catalog/catalog.ts';
import type { HeaderList } from '../http/reply.ts';
import type { InBucket } from './context.ts';

export interface ChosenPart {
  readonly range: ResolvedRange;
  readonly headers: HeaderList;
  /** Of the part's bytes. */
  readonly checksumValue: string | null;
}

/**
 * The number, before anything is looked for.
 *
 * @returns undefined when no part is asked for
 * @throws S3Error InvalidArgument, InvalidRequest (a range, too)
 */
export function requestedPart({ headers }: InBucket, query: Query): number | undefined {
  const text = query.get('partNumber');
  if (text === undefined) return undefined;
  const number = parsePartNumber(text);
  if (headers.has('range')) {
    throw new S3Error('InvalidRequest', 'Cannot specify both Range header and partNumber query parameter.');
  }
  return number;
}

/** @param version to be held open meanwhile @throws S3Error InvalidPartNumber */
export async function choosePart(
  { services }: InBucket,
  version: Version,
  number: number,
): Promise<ChosenPart> {
  const { parts, manifest, size, checksumValue } = version;
  if (number > Math.max(parts, 1)) {
    throw new S3Error('InvalidPartNumber', undefined, {
      ActualPartCount: String(Math.max(parts, 1)),
      PartNumberRequested: String(number),
    });
  }
  if (parts === 0 || manifest === null)
    return { range: { start: 0, end: size, partial: true }, headers: [], checksumValue };
  const found = await services.catalog.uploads.findPart(manifest, number);
  if (found === undefined) throw new Error('a part of a version is missing: the catalog is damaged');
  const { part, start } = found;
  return {
    range: { start, end: start + part.size, partial: true },
    headers: ['x-amz-mp-parts-count', String(parts)],
    checksumValue: part.checksumValue,
  };
}
