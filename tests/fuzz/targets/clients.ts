/** @module What services answer to our clients, what the command line is given, and files that people write. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../../../packages/cistern/src/failures/failure.ts';
import { parsePlace } from '../../../packages/cistern/src/places/place.ts';
import { readRemotes } from '../../../packages/cistern/src/places/remotes.ts';
import { parseStorageClasses } from '../../../packages/cistern/src/serve/storage-classes.ts';
import { parseUsers } from '../../../packages/cistern/src/serve/users.ts';
import { printable } from '../../../packages/cistern/src/terminal/printable.ts';
import { parseSize } from '../../../packages/cistern/src/values/bytes.ts';
import { parseMoment } from '../../../packages/cistern/src/values/moment.ts';
import { OptionError } from '../../../packages/cistern/src/values/option-error.ts';
import {
  metadataHeaders,
  readAttributes as readAzureAttributes,
} from '../../../packages/store/src/backends/azure/attributes.ts';
import { elements, textOf } from '../../../packages/store/src/backends/azure/xml.ts';
import { KeyPaths } from '../../../packages/store/src/backends/files/key-paths.ts';
import { parseIni } from '../../../packages/store/src/backends/s3/credentials/shared-files.ts';
import { readDocument } from '../../../packages/store/src/backends/s3/documents.ts';
import { refusalError } from '../../../packages/store/src/backends/s3/errors.ts';
import {
  decodeMetadata,
  decodeUtf8,
  encodeMetadata,
  encodeUtf8,
} from '../../../packages/store/src/backends/s3/metadata-text.ts';
import { readInfo, readSpan } from '../../../packages/store/src/backends/s3/object-headers.ts';
import { parsePartKey, parseStateKey, partKey } from '../../../packages/store/src/uploads/part-objects.ts';
import { readHead } from '../heads.ts';
import type { FuzzTarget } from '../target.ts';
import { must, mustEqual, storeOutcome } from '../target.ts';

const of = (...texts: readonly string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** A status, headers, an empty line, and a body. */
const answers: FuzzTarget = {
  name: 's3-answers',
  seeds: () =>
    of(
      '404 x\nx-amz-request-id: 1\n\n<Error><Code>NoSuchKey</Code><Message>no</Message><Region>us-east-1</Region></Error>',
      '503 x\nretry-after: 5\ndate: Wed, 21 Oct 2015 07:28:00 GMT\n\n<?xml version="1.0"?><Error><Code>SlowDown</Code></Error>',
      '206 x\ncontent-range: bytes 0-4/10\netag: "e"\nlast-modified: Wed, 21 Oct 2015 07:28:00 GMT\nx-amz-meta-a: =?UTF-8?B?w6k=?=\n\nabcde',
      '200 x\ncontent-length: 5\netag: W/"e"\nx-amz-version-id: null\ncontent-type: text/plain\nx-amz-meta-__proto__: b\n\n   <ListBucketResult><Key>a</Key></ListBucketResult>',
      '412 x\nx-amz-bucket-region: eu-west-1\n\n<Error><Code>PreconditionFailed</Code></Error>',
    ),
  tokens: [
    '<Code>',
    'constructor',
    '__proto__',
    'toString',
    'hasOwnProperty',
    '200',
    '304',
    '500',
    '\n\n',
    'retry-after: ',
    '-1',
    'Infinity',
    '=?utf-8?q?',
    '?=',
    'NaN',
  ],
  bytesMax: 16_384,
  run: async (input) => {
    const end = input.indexOf('\n\n');
    const head = readHead(end < 0 ? input : input.subarray(0, end));
    const body = end < 0 ? Buffer.alloc(0) : input.subarray(end + 2);
    const status = Number.parseInt(head.method, 10) || 500;
    const headers = Object.assign(
      Object.create(null) as Record<string, string>,
      Object.fromEntries(head.headers.entries()),
    );
    const refused = refusalError(status, headers, body, { operation: 'get', key: 'k', mode: 'create' });
    must(typeof refused.code === 'string', 'an error has a code');
    must(
      refused.retryAfterMs === undefined || refused.retryAfterMs >= 0,
      'nobody waits a time below nothing',
    );
    await storeOutcome(() =>
      Promise.try(() => readDocument({ status, headers, body }, 'ListBucketResult', { operation: 'list' })),
    ).catch(expectUnexpected);
    await storeOutcome(() => Promise.try(() => readSpan(status, headers, 'k'))).catch(expectUnexpected);
    const info = await storeOutcome(() => Promise.try(() => readInfo('k', headers, 5))).catch(
      expectUnexpected,
    );
    if (info !== undefined) must(info.etag !== '', 'an etag');
  },
};

/** Of a service, an answer that makes no sense is one. */
function expectUnexpected(error: unknown): undefined {
  if (error instanceof Error && error.message.startsWith('a bad input is no Unexpected')) return undefined;
  throw error;
}

const metadata: FuzzTarget = {
  name: 'metadata',
  seeds: () =>
    of(
      'plain',
      '=?UTF-8?B?w6k=?=',
      '=?utf-8?Q?a=20b_c?= =?utf-8?b?ZA==?=',
      'é 😀',
      "utf-8''%C3%A9",
      'a =?x?= b',
    ),
  tokens: ['=?', '?=', '?B?', '?Q?', 'utf-8', '=', '_', ' ', '\t', '%', "utf-8''", '\xc3'],
  bytesMax: 16_384,
  run: (input) => {
    const raw = input.toString('latin1');
    decodeMetadata(raw);
    decodeUtf8(raw);
    const text = input
      .toString('utf8')
      // oxlint-disable-next-line no-control-regex -- what a header does not take
      .replaceAll(/[\u0000-\u001f\u007f]/g, '')
      .trim();
    mustEqual(decodeMetadata(encodeMetadata(text)), text, 'metadata, written and read again');
    const isLatin = /^[\u0020-\u007e]*$/.test(text);
    if (!isLatin) mustEqual(decodeUtf8(encodeUtf8(text)), text, 'a header, written and read again');
    const azure = readAzureAttributes(metadataHeaders({ a: text })).metadata?.['a'];
    mustEqual(azure ?? '', text, 'metadata of Azure, written and read again');
  },
};

const azureXml: FuzzTarget = {
  name: 'azure-xml',
  seeds: () =>
    of(
      '<?xml version="1.0"?><EnumerationResults><Blobs><Blob><Name>a&amp;b</Name><Properties><Etag>0x1</Etag></Properties></Blob><BlobPrefix><Name Encoded="true">a%2F</Name></BlobPrefix></Blobs><NextMarker/></EnumerationResults>',
    ),
  tokens: [
    '<Name>',
    '</Name>',
    '<Blob>',
    '</Blob>',
    ' Encoded="true"',
    '%',
    '&#x',
    ';',
    '&amp;',
    '<',
    '>',
    '/>',
    '<NameX>',
  ],
  bytesMax: 64 * 1024,
  run: async (input) => {
    const xml = input.toString();
    for (const { content } of elements(xml, ['Blob', 'BlobPrefix'])) {
      await storeOutcome(() => Promise.try(() => textOf(content, 'Name'))).catch(expectUnexpected);
    }
    await storeOutcome(() => Promise.try(() => textOf(xml, 'NextMarker'))).catch(expectUnexpected);
  },
};

/** What the command line throws of its own: told to people, in their words. */
function commandOutcome<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure || error instanceof OptionError) return undefined;
    // The system's own, of names that it does not take: told where they are caught.
    if (error instanceof Error && 'errno' in error) return undefined;
    throw error;
  }
}

const REMOTE = { name: 'prod', url: 's3://bucket/folder' };

const commandLine: FuzzTarget = {
  name: 'command-line',
  seeds: () =>
    of(
      's3://bucket/key', 'az://c/b', 'zip:a.zip/key', 'sqlite:a.db//key', 'hashed:folder//key', 'mem:key', 'prod:x/y', '-', './file', 'file:///a%20b',
      'https://a.example/b', '10MiB', '1.5G', '7d', '2026-11-21T08:00Z', 'GLACIER=/mnt/cold,zstd', '[{"name":"alice","accessKeyId":"AKALICE","secretAccessKey":"12345678"}]',
    ), // prettier-ignore
  tokens: [
    's3://',
    'az://',
    'file://',
    'zip:',
    'sqlite:',
    'hashed:',
    'mem:',
    'prod:',
    '//',
    '.zip',
    '..',
    '~',
    '%',
    'null',
    '[]',
    '{}',
    '"name":',
    ':',
    '@',
    '\0',
    '\u202e',
    '\x1b[',
  ],
  bytesMax: 8192,
  run: (input) => {
    // An argument has no NUL in it.
    const text = input.toString().replaceAll('\0', '');
    commandOutcome(() => parsePlace(text, { cwd: '/', remotes: () => new Map([['prod', REMOTE]]) }));
    const size = commandOutcome(() => parseSize('size', text));
    must(size === undefined || (Number.isSafeInteger(size) && size >= 0), 'a size is a whole number');
    const moment = commandOutcome(() => parseMoment('time', text, 0));
    must(moment === undefined || Number.isFinite(moment), 'a moment is a time');
    commandOutcome(() => parseStorageClasses([text]));
    const users = commandOutcome(() => parseUsers(text, 'It'));
    for (const user of users ?? []) must(user.secretAccessKey.length >= 8 && !user.root, 'a user');
    must(
      !/[\p{Cc}\p{Cs}\u202a-\u202e]/u.test(printable(text)),
      'what is printed has no signs that move anything',
    );
  },
};

const remotesFolder = mkdtempSync(join(tmpdir(), 'cistern-fuzz-'));
process.once('exit', () => rmSync(remotesFolder, { recursive: true, force: true }));
const REMOTES = join(remotesFolder, 'remotes.json');

const remotes: FuzzTarget = {
  name: 'config-files',
  seeds: () =>
    of(
      '{"version":1,"remotes":{"prod":{"url":"s3://bucket","endpoint":"http://a.example","region":"r","anonymous":true},"x":{"url":"az://c","account":"a"}}}',
      '[default]\naws_access_key_id = a ; b\n\n[profile "x y"]\nregion=eu\n s3 =\n  a = b\n# c\n[ y ]',
    ),
  tokens: [
    'null',
    '[]',
    '{}',
    '""',
    '5',
    '"remotes":',
    '"url":',
    '"version":1',
    ',',
    '[',
    ']',
    '\n[',
    '=',
    '#',
    ';',
    ' ',
    '\t',
    '__proto__',
  ],
  bytesMax: 16_384,
  run: (input) => {
    writeFileSync(REMOTES, input);
    const found = commandOutcome(() => readRemotes({ CISTERN_CONFIG: REMOTES }));
    for (const [name, remote] of found ?? []) {
      mustEqual(remote.name, name, 'the name of a remote');
      must(typeof remote.url === 'string', 'a remote stands for a place');
      commandOutcome(() => parsePlace(`${name}:a`, { cwd: '/', remotes: () => new Map([[name, remote]]) }));
    }
    for (const [section] of parseIni(input.toString())) must(!section.includes(']'), 'a section');
  },
};

const keyPaths: FuzzTarget = {
  name: 'key-paths',
  seeds: () =>
    of(
      'a/b',
      '',
      '.',
      '../x',
      'a//b',
      '%2F',
      'con.txt',
      'a%25',
      '.cistern/x',
      'é'.repeat(200),
      `${'%41'.repeat(100)}/`,
      'x ',
    ),
  tokens: [
    '/',
    '.',
    '..',
    '%',
    '%25',
    '%2F',
    '%FF',
    '%00',
    'CON',
    'aux',
    'lpt1',
    ':',
    '*',
    ' ',
    '.cistern',
    '\u{1F600}',
    'é',
  ],
  bytesMax: 2048,
  run: (input) => {
    const key = input.toString().replaceAll('\0', '');
    const seen: string[] = [];
    for (const options of [{ portable: true }, { portable: false }, { portable: false, literal: true }]) {
      const paths = new KeyPaths(options);
      for (const [index, segment] of key.split('/').entries()) {
        for (const beside of [false, true]) {
          const names = paths.segmentNames(segment, index === 0, beside);
          for (const name of names) must(isName(name), `${JSON.stringify(name)} is no name of a file`);
          mustEqual(
            paths.toSegment(names, index === 0, beside),
            segment,
            'the segment, written and read again',
          );
        }
      }
      seen.push(paths.toNames(key).join('/'));
      const taken = paths.toSegment([key], true);
      if (taken !== undefined)
        mustEqual(paths.segmentNames(taken, true).join(), key, 'a file that is an object');
    }
    const part = parsePartKey(key);
    if (part !== undefined)
      must(key.endsWith(partKey('f', part).slice('f'.length).split('/').at(-1) ?? ''), 'the key of a part');
    parseStateKey(key);
  },
};

function isName(name: string): boolean {
  return (
    name !== '' && name !== '.' && name !== '..' && !/[/\0]/.test(name) && Buffer.byteLength(name) <= 255
  );
}

export const CLIENTS: readonly FuzzTarget[] = [answers, metadata, azureXml, commandLine, remotes, keyPaths];
