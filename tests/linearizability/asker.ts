/** @module Requests of a history on the wire, and answers as a history has them. */

import { encodeKey } from '@cistern/protocol';

import type { S3, S3RequestOptions, S3Response } from '../support/s3.ts';
import { elements, text } from '../support/xml.ts';
import type { Answer, Condition, Entry, Request } from './history.ts';
import type { Pieces } from './pieces.ts';

export interface Target {
  readonly bucket: string;
  readonly versioned: boolean;
  /** By number. */
  readonly keys: readonly string[];
  readonly pieces: Pieces;
}

/** An answer that no history has: it is a fault by itself. */
export class WrongAnswer extends Error {}

/** What each request may be answered; anything else is a `WrongAnswer`. */
const STATUSES: Readonly<Record<Request['kind'], readonly number[]>> = {
  put: [200, 404, 412],
  append: [200, 400],
  get: [200, 404, 405],
  head: [200, 404],
  parts: [206, 404],
  delete: [204],
  copy: [200, 404],
  rename: [200, 404],
  list: [200],
};

/** @returns undefined: the server asks to try again, and has done nothing */
export async function ask(s3: S3, target: Target, request: Request): Promise<Answer | undefined> {
  const { method, key, options } = onTheWire(target, request);
  const response =
    key === undefined
      ? await s3.bucket(method, target.bucket, options)
      : await s3.object(method, target.bucket, key, options);
  const { status } = response;
  if (status === 409 && response.errorCode === 'OperationAborted') return undefined;
  const known = STATUSES[request.kind].includes(status);
  if (!known || (status === 400 && response.errorCode !== 'InvalidWriteOffset'))
    throw new WrongAnswer(`${JSON.stringify(request)}: ${status} ${response.text.slice(0, 600)}`);
  return { ...readAnswer(target, request, response), status: status === 206 ? 200 : status };
}

interface Wire {
  readonly method: string;
  readonly key: string | undefined;
  readonly options: S3RequestOptions;
}

function onTheWire(target: Target, request: Request): Wire {
  const name = (key: number): string => target.keys[key] ?? '';
  const { bucket, pieces, versioned } = target;
  switch (request.kind) {
    case 'put':
    case 'append': {
      const body = pieces.get(request.piece).bytes;
      const headers =
        request.kind === 'append'
          ? { 'x-amz-write-offset-bytes': String(request.offset) }
          : conditionHeaders(request.condition);
      return { method: 'PUT', key: name(request.key), options: { body, headers } };
    }
    case 'get':
    case 'delete': {
      const { version: versionId } = request;
      const options = versionId === undefined ? {} : { query: { versionId } };
      return { method: request.kind.toUpperCase(), key: name(request.key), options };
    }
    case 'head':
      return { method: 'HEAD', key: name(request.key), options: {} };
    case 'parts':
      return { method: 'HEAD', key: name(request.key), options: { query: { partNumber: '1' } } };
    case 'copy': {
      const headers = { 'x-amz-copy-source': `/${bucket}/${encodeKey(name(request.from))}` };
      return { method: 'PUT', key: name(request.key), options: { headers } };
    }
    case 'rename': {
      const headers = { 'x-amz-rename-source': encodeKey(name(request.from)) };
      return { method: 'PUT', key: name(request.key), options: { headers, query: { renameObject: '' } } };
    }
    case 'list': {
      const prefix = commonPrefix(request.keys.map(name));
      const kind: Record<string, string> = versioned ? { versions: '' } : { 'list-type': '2' };
      return { method: 'GET', key: undefined, options: { query: { ...kind, prefix } } };
    }
  }
}

function conditionHeaders(condition: Condition | undefined): Record<string, string> {
  if (condition === undefined) return {};
  return condition === 'absent' ? { 'if-none-match': '*' } : { 'if-match': `"${condition.etag}"` };
}

/** Keys are `a/0`, `a/1`, `b/2`, …: those of a listing are all of a folder, or all. */
function commonPrefix(keys: readonly string[]): string {
  const folders = new Set(keys.map((key) => key.slice(0, 2)));
  return folders.size === 1 ? ([...folders][0] ?? '') : '';
}

const unquoted = (etag: string | undefined): string | undefined => etag?.replaceAll('"', '');
const numberOf = (value: string | undefined): number | undefined =>
  value === undefined ? undefined : Number(value);

function readAnswer(target: Target, { kind }: Request, response: S3Response): Omit<Answer, 'status'> {
  const { headers, status } = response;
  const version = headers['x-amz-version-id'];
  const etag = unquoted(headers['etag']);
  if (status >= 300) return { version };
  switch (kind) {
    case 'put':
      return { version, etag };
    case 'append':
      return { etag, size: numberOf(headers['x-amz-object-size']) };
    case 'get': {
      const pieces = target.pieces.parse(response.body);
      if (pieces === undefined)
        throw new WrongAnswer(`a body that nobody wrote, of ${response.body.length} bytes`);
      return { version, etag, pieces };
    }
    case 'head':
      return { version, etag, size: numberOf(headers['content-length']) };
    case 'parts':
      return { etag, parts: Number(headers['x-amz-mp-parts-count'] ?? 0) };
    case 'copy':
      return { version, etag: unquoted(text(response.text, 'ETag')) };
    case 'list':
      return { entries: readEntries(target, response.text) };
    default:
      return { version };
  }
}

function readEntries({ keys, versioned }: Target, xml: string): Entry[] {
  if (xml.includes('<IsTruncated>true')) throw new WrongAnswer('a listing of more than a page');
  const key = (entry: string): number => keys.indexOf(text(entry, 'Key') ?? '');
  if (!versioned) {
    return elements(xml, 'Contents').map((entry) => ({
      key: key(entry),
      etag: unquoted(text(entry, 'ETag')),
      size: Number(text(entry, 'Size')),
    }));
  }
  return Array.from(xml.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs), ([, , entry = '']) => ({
    key: key(entry),
    etag: unquoted(text(entry, 'ETag')),
    version: text(entry, 'VersionId'),
    latest: text(entry, 'IsLatest') === 'true',
  }));
}
