/** What an S3 client is told, and what follows from it: where requests go, and which bucket they name how. */

import { StoreError } from '../../errors.ts';
import type { CredentialSource } from './credentials/credentials.ts';
import type { Environment } from './credentials/shared-files.ts';
import { usualCredentials, usualEndpoint, usualRegion } from './credentials/usual-places.ts';

export interface S3Options {
  readonly bucket: string;
  /** of the service, such as `http://localhost:9000`; that of AWS for the region when left out */
  readonly endpoint?: string | undefined;
  /** `AWS_REGION`, the profile's, or `us-east-1` when left out; another one that the service names is learnt */
  readonly region?: string | undefined;
  /** keys, a function that gives them, or `anonymous`; the usual places are searched when left out */
  readonly credentials?: CredentialSource | undefined;
  /** how the bucket is named: in the `path`, or as a `virtual` host; `auto`: as a host on AWS, where its name allows that */
  readonly addressing?: Addressing | undefined;
  /** bytes a part of large objects, at least; it grows where 10,000 parts would not do. 8 MiB when left out */
  readonly partSize?: number | undefined;
  /** parts or ranges of one object under way at once; 8 when left out */
  readonly concurrency?: number | undefined;
  /** connections at most; 128 when left out */
  readonly connections?: number | undefined;
  /** bytes that the service takes for a part, at least; 5 MiB, as S3, when left out */
  readonly partBytesMin?: number | undefined;
  /**
   * whether the service decides conditions of writes atomically. `auto`: known services are trusted, others are asked once,
   * with an object of their own below `.cistern/`, before the first such write
   */
  readonly conditionalPuts?: 'auto' | boolean | undefined;
  /** whether a CRC-32 goes with what is written, and what is read whole is checked against the service's; `true` when left out */
  readonly checksums?: boolean | undefined;
  /**
   * whether the hash of bodies is signed. `auto`: over plain HTTP, bodies up to 256 KiB. Over TLS the connection protects
   * them, and a CRC-32 goes along either way.
   */
  readonly signPayloads?: 'auto' | boolean | undefined;
  /**
   * where uploads in progress are kept: `native` on Cistern's own server, whose multipart uploads can be read as they come;
   * elsewhere in `parts`, objects of their own below `.cistern/`. `auto` asks the server who it is
   */
  readonly uploads?: 'auto' | 'native' | 'parts' | undefined;
  /** a profile of the shared configuration, for the usual places; `AWS_PROFILE` when left out */
  readonly profile?: string | undefined;
}

export type Addressing = 'auto' | 'path' | 'virtual';

export const PART_BYTES = 8 * 1024 * 1024;
export const PARTS_MAX = 10_000;
export const PART_BYTES_MIN = 5 * 1024 * 1024;

/** Where requests go. */
export interface Address {
  /** scheme, host and port: what is connected to */
  readonly origin: string;
  /** the `Host` header */
  readonly host: string;
  /** before the encoded key: `/bucket/` or `/` */
  readonly root: string;
}

/** Whether it can stand in a host's name and in a signature: what a service names may be anything. */
export function isRegionName(region: string): boolean {
  return /^[\w.-]{1,63}$/.test(region);
}

/** The address of AWS's own service in a region. */
export function awsEndpoint(region: string): string {
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

/** @throws {StoreError} `InvalidArgument` */
export function parseEndpoint(endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new StoreError(
      'InvalidArgument',
      `An endpoint is an http: or https: URL such as http://localhost:9000, not ${JSON.stringify(endpoint)}`,
      { operation: 'open' },
    );
  }
  return url;
}

/** @param bucket undefined: of the service itself */
export function addressOf(
  endpoint: URL,
  bucket: string | undefined,
  addressing: Addressing = 'auto',
): Address {
  const { origin, host } = endpoint;
  const path = endpoint.pathname.replace(/\/+$/, '');
  if (bucket === undefined) return { origin, host, root: `${path}/` };
  // A name with dots would not fit the certificate.
  const fits = /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket);
  const onAws = /\.amazonaws\.com(?:\.cn)?$/.test(endpoint.hostname);
  if (addressing === 'virtual' || (addressing === 'auto' && onAws && fits)) {
    return { origin, host: `${bucket}.${host}`, root: `${path}/` };
  }
  return { origin, host, root: `${path}/${bucket}/` };
}

/** Options with all that was left out. */
export interface S3Settings {
  readonly bucket: string;
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: CredentialSource;
  readonly addressing: Addressing;
  readonly partSize: number;
  readonly concurrency: number;
  readonly connections: number;
  readonly partBytesMin: number;
  readonly conditionalPuts: 'auto' | boolean;
  readonly checksums: boolean;
  readonly signPayloads: 'auto' | boolean;
  readonly uploads: 'auto' | 'native' | 'parts';
}

/** Whether the keys of the one open the buckets of the other: the same provider, or the same keys. */
export function isSameService(one: S3Settings, other: S3Settings): boolean {
  if (one.endpoint !== other.endpoint || one.region !== other.region) return false;
  const [a, b] = [one.credentials, other.credentials];
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return a.accessKeyId === b.accessKeyId && a.secretAccessKey === b.secretAccessKey;
}

const CONCURRENCY = 8;
const CONNECTIONS = 128;
const REGION = 'us-east-1';

/** What can stand in a URL as a bucket; services allow less. @throws {StoreError} `InvalidArgument` */
export function checkBucket(bucket: unknown): void {
  if (typeof bucket === 'string' && /^[^/?#\s]+$/.test(bucket)) return;
  throw invalid(`A bucket has a name without slashes and blanks, not ${JSON.stringify(bucket)}`);
}

/** @throws {StoreError} `InvalidArgument` */
export function toSettings(options: S3Options, env: Environment): S3Settings {
  const { bucket, profile } = options;
  const endpoint = options.endpoint ?? usualEndpoint(env, { profile });
  checkBucket(bucket);
  if (endpoint !== undefined) parseEndpoint(endpoint);
  const region = options.region ?? usualRegion(env, { profile }) ?? REGION;
  if (!isRegionName(region))
    throw invalid(`A region is a name such as us-east-1, not ${JSON.stringify(region)}`);
  const partBytesMin = whole('partBytesMin', options.partBytesMin ?? PART_BYTES_MIN);
  const partSize = whole('partSize', options.partSize ?? Math.max(PART_BYTES, partBytesMin));
  if (partSize < partBytesMin) {
    throw invalid(
      `partSize is ${partSize}, and the service takes ${partBytesMin} bytes at least: see partBytesMin`,
    );
  }
  return {
    bucket,
    endpoint,
    region,
    credentials: options.credentials ?? usualCredentials(env, { profile, region }),
    addressing: oneOf('addressing', options.addressing, ['auto', 'path', 'virtual']),
    partSize,
    concurrency: whole('concurrency', options.concurrency ?? CONCURRENCY),
    connections: whole('connections', options.connections ?? CONNECTIONS),
    partBytesMin,
    conditionalPuts: oneOf('conditionalPuts', options.conditionalPuts, ['auto', true, false]),
    checksums: options.checksums ?? true,
    signPayloads: oneOf('signPayloads', options.signPayloads, ['auto', true, false]),
    uploads: oneOf('uploads', options.uploads, ['auto', 'native', 'parts']),
  };
}

function oneOf<T>(name: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  if (value === undefined) return allowed[0];
  if (allowed.includes(value)) return value;
  throw invalid(`${name} is one of ${allowed.join(', ')}, not ${String(value)}`);
}

function whole(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw invalid(`${name} is a whole number from 1 on, not ${value}`);
}

function invalid(message: string): StoreError {
  return new StoreError('InvalidArgument', message, { operation: 'open' });
}
