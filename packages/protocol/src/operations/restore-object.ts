/**
 * @module RestoreObject: for how many days an archived object can be read, and how soon.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html. The form that runs a SELECT over the
 * object is not served.
 */

import { invalidArgument, S3Error } from '../errors.ts';
import { checkChildren, parseDocument } from '../xml/document.ts';
import { optionalChild, optionalText } from '../xml/parse.ts';
import type { XmlElement } from '../xml/parse.ts';

const TIERS = ['Expedited', 'Standard', 'Bulk'] as const;

export type RestoreTier = (typeof TIERS)[number];

export interface RestoreInput {
  readonly days: number;
  readonly tier: RestoreTier;
}

/** A hundred years: a date that can be written is always the result. */
const DAYS_MAX = 36_500;
const OF_SELECT = ['Type', 'Description', 'SelectParameters', 'OutputLocation'];

/** @throws S3Error MissingRequestBodyError, MalformedXML, NotImplemented (SELECT), InvalidArgument (days) */
export function parseRestore(body: Buffer): RestoreInput {
  const root = parseDocument(body, 'RestoreRequest');
  checkChildren(root, ['Days', 'Tier', 'GlacierJobParameters', ...OF_SELECT]);
  for (const { name } of root.children) {
    if (OF_SELECT.includes(name))
      throw new S3Error('NotImplemented', `${name} of RestoreRequest is not implemented.`);
  }
  return { days: parseDays(root), tier: parseTier(root) };
}

function parseDays(root: XmlElement): number {
  const text = optionalText(root, 'Days')?.trim() ?? '';
  if (!/^-?\d{1,10}$/.test(text)) throw new S3Error('MalformedXML');
  const days = Number(text);
  if (days < 1 || days > DAYS_MAX)
    throw invalidArgument(`Days must be between 1 and ${DAYS_MAX}`, 'Days', text);
  return days;
}

/** The tier of retrieval stands in GlacierJobParameters; beside it stands that of SELECT, which some clients send. */
function parseTier(root: XmlElement): RestoreTier {
  const job = optionalChild(root, 'GlacierJobParameters');
  if (job !== undefined) checkChildren(job, ['Tier']);
  const outer = optionalText(root, 'Tier')?.trim();
  const inner = job === undefined ? undefined : (optionalText(job, 'Tier')?.trim() ?? '');
  const tier = TIERS.find((name) => name === (inner ?? outer ?? 'Standard'));
  const agree = inner === undefined || outer === undefined || inner === outer;
  if (tier === undefined || !agree) throw new S3Error('MalformedXML');
  return tier;
}
