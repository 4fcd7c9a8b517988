/**
 * @module The versioning state of a bucket. One that never had any answers with an empty element.
 *
 * Sources: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html, API_GetBucketVersioning.html.
 */

import { S3Error } from '../errors.ts';
import { checkChildren, parseDocument } from '../xml/document.ts';
import { S3_NAMESPACE, XML_DECLARATION } from '../xml/escape.ts';
import { optionalText } from '../xml/parse.ts';

export type VersioningStatus = 'Enabled' | 'Suspended';

/**
 * @throws S3Error MissingRequestBodyError, MalformedXML, IllegalVersioningConfigurationException, NotImplemented
 * (deletion by multi-factor authentication)
 */
export function parseVersioning(body: Buffer): VersioningStatus {
  const root = parseDocument(body, 'VersioningConfiguration');
  checkChildren(root, ['Status', 'MfaDelete']);
  const mfaDelete = optionalText(root, 'MfaDelete')?.trim();
  if (mfaDelete === 'Enabled') throw new S3Error('NotImplemented', 'MfaDelete is not implemented.');
  if (mfaDelete !== undefined && mfaDelete !== 'Disabled') throw new S3Error('MalformedXML');
  const status = optionalText(root, 'Status')?.trim();
  if (status === 'Enabled' || status === 'Suspended') return status;
  throw new S3Error(status === undefined ? 'IllegalVersioningConfigurationException' : 'MalformedXML');
}

/** @param status undefined: versioning was never set */
export function encodeVersioning(status: VersioningStatus | undefined): string {
  const open = `${XML_DECLARATION}<VersioningConfiguration xmlns="${S3_NAMESPACE}"`;
  return status === undefined ? `${open}/>` : `${open}><Status>${status}</Status></VersioningConfiguration>`;
}
