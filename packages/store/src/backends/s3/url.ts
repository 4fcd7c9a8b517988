/** What an `s3:` URL says. */

import { StoreError } from '../../errors.ts';
import type { CredentialSource } from './credentials/credentials.ts';
import type { S3Options } from './settings.ts';

const TEXTS = ['endpoint', 'region', 'addressing', 'profile', 'uploads'] as const;
const NUMBERS = ['partSize', 'concurrency', 'connections', 'partBytesMin'] as const;
const FLAGS = ['conditionalPuts', 'checksums', 'signPayloads'] as const;

/** Of `S3Options`: all that text can say. */
export const OPTION_NAMES = [...TEXTS, ...NUMBERS, ...FLAGS] as const;

/**
 * @param credentials as of `S3Options`
 * @throws {StoreError} `InvalidArgument` for a parameter that is none
 */
export function s3UrlOptions(url: URL, credentials: unknown): S3Options & { folder: string } {
  if (url.username !== '' || url.password !== '') {
    throw invalid('Keys do not belong into a URL: pass them as `credentials`');
  }
  const options: Record<string, unknown> = {};
  for (const [name, value] of url.searchParams) {
    if (isOneOf(TEXTS, name)) options[name] = value;
    else if (isOneOf(NUMBERS, name)) options[name] = Number(value);
    else if (isOneOf(FLAGS, name)) options[name] = toFlag(name, value);
    else throw invalid(`s3: URLs have the parameters ${OPTION_NAMES.join(', ')}, and no ${name}`);
  }
  return {
    ...options,
    bucket: url.hostname,
    credentials: credentials as CredentialSource | undefined,
    folder: decodeFolder(url.pathname.replace(/^\/|\/$/g, '')),
  };
}

function decodeFolder(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid(`${JSON.stringify(text)} is not encoded as URLs are: a percent sign is written %25`);
  }
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}

function toFlag(name: string, value: string): boolean | 'auto' {
  if (value === 'auto') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw invalid(`${name} is true or false, not ${value}`);
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
