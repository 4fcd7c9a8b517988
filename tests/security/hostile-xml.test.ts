/**
 * @module Security: XML documents made to hurt whoever reads them: entities that grow, external ones, depth, width, size,
 * other encodings. Each is refused with S3's code and does nothing, on every operation that takes a document; others are
 * served meanwhile.
 */

import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { expectError, expectStatus } from '../support/expect.ts';
import { MultipartUpload } from '../support/multipart.ts';
import { md5Base64, type S3RequestOptions, type S3Response } from '../support/s3.ts';
import { startTestServer } from '../support/server.ts';

const { s3 } = await startTestServer();
const bucket = await s3.freshBucket();
await s3.put(bucket, 'key', 'value');
const upload = await MultipartUpload.begin(s3, bucket, 'upload');
await upload.put(1, 'part');

/** Every operation that reads a document: its root element, a child with text, and how it is sent. */
const DOCUMENTS: Readonly<
  Record<string, { root: string; child: string; send: (options: S3RequestOptions) => Promise<S3Response> }>
> = {
  CreateBucket: {
    root: 'CreateBucketConfiguration',
    child: 'LocationConstraint',
    send: (options) => s3.bucket('PUT', `${bucket}-new`, options),
  },
  PutBucketVersioning: {
    root: 'VersioningConfiguration',
    child: 'Status',
    send: (options) => s3.bucket('PUT', bucket, { ...options, query: 'versioning' }),
  },
  PutBucketTagging: {
    root: 'Tagging',
    child: 'TagSet',
    send: (options) => s3.bucket('PUT', bucket, { ...options, query: 'tagging' }),
  },
  PutObjectTagging: {
    root: 'Tagging',
    child: 'TagSet',
    send: (options) => s3.object('PUT', bucket, 'key', { ...options, query: 'tagging' }),
  },
  DeleteObjects: {
    root: 'Delete',
    child: 'Quiet',
    send: (options) => s3.bucket('POST', bucket, { ...options, query: 'delete' }),
  },
  RestoreObject: {
    root: 'RestoreRequest',
    child: 'Days',
    send: (options) => s3.object('POST', bucket, 'key', { ...options, query: 'restore' }),
  },
  CompleteMultipartUpload: {
    root: 'CompleteMultipartUpload',
    child: 'Part',
    send: (options) => upload.ask('POST', {}, options),
  },
};

function laughs(): string {
  const lines = ['<!ENTITY a0 "ha">'];
  for (let i = 1; i < 20; i++) lines.push(`<!ENTITY a${i} "${`&a${i - 1};`.repeat(10)}">`);
  return lines.join('');
}

type Make = (root: string, child: string) => string | Buffer;

const HOSTILE: Readonly<Record<string, Make>> = {
  'a billion laughs': (root, child) =>
    `<?xml version="1.0"?><!DOCTYPE ${root} [${laughs()}]><${root}><${child}>&a19;</${child}></${root}>`,
  'an entity as long as the document, again and again': (root, child) =>
    `<!DOCTYPE ${root} [<!ENTITY a "${'a'.repeat(100_000)}">]><${root}><${child}>${'&a;'.repeat(100_000)}</${child}></${root}>`,
  'a file': (root, child) =>
    `<!DOCTYPE ${root} [<!ENTITY a SYSTEM "file:///etc/passwd">]><${root}><${child}>&a;</${child}></${root}>`,
  'an address': (root, child) =>
    `<!DOCTYPE ${root} [<!ENTITY a SYSTEM "${s3.endpoint}/-/metrics">]><${root}><${child}>&a;</${child}></${root}>`,
  'a document type elsewhere': (root) => `<!DOCTYPE ${root} SYSTEM "${s3.endpoint}/-/metrics"><${root}/>`,
  'parameter entities': (root) =>
    `<!DOCTYPE ${root} [<!ENTITY % a "<!ENTITY b 'c'>"> %a;]><${root}>&b;</${root}>`,
  'a default attribute': (root) =>
    `<!DOCTYPE ${root} [<!ATTLIST ${root} xmlns CDATA "http://evil.example">]><${root}/>`,
  'an empty document type': (root) => `<!DOCTYPE ${root}><${root}/>`,
  'a document type in small letters': (root) => `<!doctype ${root}><${root}/>`,
  'an entity that nobody declared': (root, child) => `<${root}><${child}>&nbsp;</${child}></${root}>`,
  'a processing instruction': (root) => `<?xml-stylesheet href="${s3.endpoint}"?><${root}/>`,
  'a processing instruction inside': (root) => `<${root}><?php system('id') ?></${root}>`,
  'an inclusion': (root) =>
    `<${root}><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/></${root}>`,
  'a depth of 100,000': (root) => `<${root}>${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}</${root}>`,
  'a depth that does not end': (root) => `<${root}>`.repeat(200_000),
  'a width of a million': (root) => `<${root}>${'<a/>'.repeat(1_000_000)}</${root}>`,
  'a name of a million letters': (root) => `<${root}><${'a'.repeat(1_000_000)}/></${root}>`,
  'a million attributes, and no end': (root) => `<${root}${' a="1"'.repeat(1_000_000)}`,
  'a million blanks in a tag': (root) => `<${root}${' '.repeat(1_000_000)}x`,
  'a million comments, and no end': (root) => `<${root}>${'<!---->'.repeat(1_000_000)}<!--`,
  'a million sections, and no end': (root) => `<${root}>${'<![CDATA['.repeat(500_000)}`,
  'a million ampersands': (root, child) => `<${root}><${child}>${'&'.repeat(1_000_000)}</${child}></${root}>`,
  'a document in a document': (root, child) => `<${root}>&lt;${child}&gt;x&lt;/${child}&gt;</${root}>`,
  'text beside an element': (root, child) => `<${root}><!-- -->x<${child}></${child}></${root}>`,
  'a reference to half a character': (root, child) => `<${root}><${child}>&#xd800;</${child}></${root}>`,
  'a reference beyond Unicode': (root, child) => `<${root}><${child}>&#x110000;</${child}></${root}>`,
  'two roots': (root) => `<${root}/><${root}/>`,
  'UTF-16': (root) => Buffer.from(`\ufeff<?xml version="1.0" encoding="UTF-16"?><${root}/>`, 'utf16le'),
  'UTF-16 without a mark': (root) => Buffer.from(`<${root}/>`, 'utf16le'),
  'UTF-7': (root, child) =>
    `<?xml version="1.0" encoding="UTF-7"?>+ADw-${root}+AD4APA-${child}+AD4APA-/${child}+AD4APA-/${root}+AD4-`,
  'bytes that are no UTF-8': (root, child) =>
    Buffer.from(`<${root}><${child}>\xc0\xbc\xff</${child}></${root}>`, 'latin1'),
  compressed: (root) => gzipSync(`<${root}/>`),
  nothing: () => ' ',
  JSON: () => '{"__proto__": {"polluted": true}}',
};

/** A few kinds, so that every operation takes them all in a moment; sizes are the parser's business, not the operation's. */
const LARGE = /million|100,000|does not end|as long as/;

suite('refused, and others are served meanwhile', () => {
  for (const [operation, { root, child, send }] of Object.entries(DOCUMENTS)) {
    test(operation, async () => {
      for (const [what, make] of Object.entries(HOSTILE)) {
        if (LARGE.test(what) && operation !== 'DeleteObjects') continue;
        const body = make(root, child);
        const sending = send({ body, headers: { 'content-md5': md5Base64(body) } });
        const meanwhile = s3.object('GET', bucket, 'key');
        expectError(
          await sending,
          400,
          'MalformedXML',
          'MaxMessageLengthExceeded',
          'MissingRequestBodyError',
        );
        assert.equal((await meanwhile).text, 'value', what);
      }
    });
  }
});

test('a declaration of another encoding does not change how bytes are read', async () => {
  const body = '<?xml version="1.0" encoding="UTF-7"?><Delete><Object><Key>+AGs-ey</Key></Object></Delete>';
  const headers = { 'content-md5': md5Base64(body) };
  const answer = await s3.bucket('POST', bucket, { query: 'delete', body, headers });
  assert.ok(answer.status === 200 || answer.status === 400, answer.text);
  expectStatus(await s3.object('HEAD', bucket, 'key'), 200);
});

test('a document beyond the limit is refused before it is read', async () => {
  for (const { send } of Object.values(DOCUMENTS)) {
    const body = Buffer.alloc(9 * 1024 * 1024, ' ');
    expectError(
      await send({ body, headers: { 'content-md5': md5Base64(body) } }),
      400,
      'MaxMessageLengthExceeded',
    );
  }
});

test('nothing was done by any of them', async () => {
  expectStatus(await s3.bucket('HEAD', `${bucket}-new`), 404);
  expectError(await s3.bucket('GET', bucket, { query: 'tagging' }), 404, 'NoSuchTagSet');
  assert.ok(!(await s3.bucket('GET', bucket, { query: 'versioning' })).text.includes('Enabled'));
  assert.ok((await upload.ask('GET')).text.includes('<PartNumber>1</PartNumber>'));
});
