/**
 * @module Files of signed requests, made before anything is measured.
 */

import { randomFillSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedHead } from './signing.ts';
import type { Target } from './target.ts';

// The generators put this many bytes of their own at the end of each body.
const BODY_BYTES_MIN = 32;

export interface RequestFile {
  method: string;
  /** request heads, each ending in an empty line */
  path: string;
  count: number;
  /** shared by all requests, but for the last bytes that the generators make unique */
  bodyPath: string | undefined;
}

export interface RequestFileOptions {
  target: Target;
  /** where to write; a file of the same name is replaced */
  scratch: string;
  name: string;
  method: string;
  bucket: string;
  /** each with its query, if it has one */
  keys: readonly string[];
  /** for PUT; at least 32 */
  bodyBytes?: number;
  /** of the request of that index, lower case */
  headers?(index: number): readonly (readonly [name: string, value: string])[];
}

/** Signs one request a key. They are valid for the 15 minutes that S3 allows clocks to differ. */
export function writeRequests(options: RequestFileOptions): RequestFile {
  const { target, method, bucket, keys, bodyBytes } = options;
  const heads = keys.map((key, index) =>
    signedHead(target, {
      method,
      path: `/${bucket}/${key}`,
      ...(bodyBytes !== undefined && { contentLength: bodyBytes }),
      ...(options.headers && { headers: options.headers(index) }),
    }),
  );
  const path = join(options.scratch, `${options.name}.requests`);
  writeFileSync(path, heads.join(''), 'latin1');
  const bodyPath = bodyBytes === undefined ? undefined : writeBody(options.scratch, options.name, bodyBytes);
  return { method, path, count: keys.length, bodyPath };
}

// Random, so that a server that compresses gains nothing.
function writeBody(scratch: string, name: string, bytes: number): string {
  if (bytes < BODY_BYTES_MIN)
    throw new RangeError(`bodies of fewer than ${BODY_BYTES_MIN} bytes cannot be told apart`);
  const path = join(scratch, `${name}.body`);
  writeFileSync(path, randomFillSync(Buffer.allocUnsafe(bytes)));
  return path;
}
