/**
 * Azure's Shared Key signatures: of a request, and of a URL that anyone may use (a service SAS). Pure; the rules are those of
 * "Authorize with Shared Key" and "Create a service SAS" in Azure Storage's REST reference.
 */

import { createHmac } from 'node:crypto';

export interface SignableRequest {
  readonly method: string;
  readonly account: string;
  /** as it stands in the request line, encoded */
  readonly path: string;
  /** names and values before they are encoded */
  readonly query: Readonly<Record<string, string>>;
  /** names in lower case */
  readonly headers: Readonly<Record<string, string>>;
}

/** The headers that are signed by their place, in the order in which they are. */
const PLACED = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
];

/** @returns the value of the Authorization header */
export function sharedKeyAuthorization(request: SignableRequest, accountKey: Uint8Array): string {
  return `SharedKey ${request.account}:${hmac(stringToSign(request), accountKey)}`;
}

export function stringToSign({ method, account, path, query, headers }: SignableRequest): string {
  const placed = PLACED.map((name) => {
    const value = headers[name] ?? '';
    return name === 'content-length' && value === '0' ? '' : value;
  });
  const extensions = Object.keys(headers)
    .filter((name) => name.startsWith('x-ms-'))
    .sort(byServiceOrder)
    .map((name) => `${name}:${headers[name] ?? ''}\n`);
  const resource = Object.keys(query)
    .sort()
    .map((name) => `\n${name.toLowerCase()}:${query[name] ?? ''}`);
  return `${[method, ...placed].join('\n')}\n${extensions.join('')}/${account}${path}${resource.join('')}`;
}

/** The service sorts as people of en-US would: an underscore comes before digits and letters. */
function byServiceOrder(a: string, b: string): number {
  const left = a.replaceAll('_', ' ');
  const right = b.replaceAll('_', ' ');
  return left < right ? -1 : 1;
}

export interface BlobSas {
  readonly account: string;
  readonly container: string;
  readonly blob: string;
  /** the one version that the URL is good for; the current one when left out */
  readonly version?: string | undefined;
  /** `r`, `w`, `d` and their like, in Azure's order */
  readonly permissions: string;
  readonly expiresAt: Date;
}

/** The version of the rules by which such URLs are signed; it has nothing to do with that of requests. */
const SAS_VERSION = '2020-12-06';

/** @returns the query of a URL with which anyone can do to the blob what `permissions` says */
export function blobSasQuery(sas: BlobSas, accountKey: Uint8Array): Record<string, string> {
  const expiry = `${sas.expiresAt.toISOString().slice(0, 19)}Z`;
  const name = `/blob/${sas.account}/${sas.container}/${sas.blob}`;
  const resource = sas.version === undefined ? 'b' : 'bv';
  const unused = (count: number): string[] => Array.from({ length: count }, () => '');
  const signed = [
    sas.permissions,
    '',
    expiry,
    name,
    // an identifier, addresses, a protocol
    ...unused(3),
    SAS_VERSION,
    resource,
    sas.version ?? '',
    // an encryption scope, and the five headers that an answer could be given
    ...unused(6),
  ];
  return {
    sv: SAS_VERSION,
    se: expiry,
    sr: resource,
    sp: sas.permissions,
    sig: hmac(signed.join('\n'), accountKey),
  };
}

function hmac(text: string, accountKey: Uint8Array): string {
  return createHmac('sha256', accountKey).update(text, 'utf8').digest('base64');
}
