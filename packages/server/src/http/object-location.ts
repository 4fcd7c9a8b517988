/** The URL under which a client that came to one host finds an object. */

import { bucketOfHost, encodeKey } from '@cistern/protocol';
import type { ServerConfig } from '../config.ts';

/** In the style, path or virtual-host, in which the request addressed its bucket. */
export function objectLocator({
  tls,
  domains,
}: Pick<ServerConfig, 'tls' | 'domains'>): (host: string | undefined, bucket: string, key: string) => string {
  const scheme = tls === null ? 'http' : 'https';
  return (host = 'localhost', bucket, key) => {
    const path = bucketOfHost(host, domains) === undefined ? `${bucket}/` : '';
    return `${scheme}://${host}/${path}${encodeKey(key)}`;
  };
}
