/** @module XML: the parser itself beside a slow one, and every document that a request may have. */

import {
  checkCreateBucketBody,
  encodeTagging,
  encodeVersioning,
  escapeXml,
  parseCompleteMultipartUpload,
  parseDeleteObjects,
  parseRestore,
  parseTaggingDocument,
  parseVersioning,
  parseXml,
  RawHeaders,
} from '@cistern/protocol';
import type { XmlElement } from '@cistern/protocol';

import type { FuzzTarget } from '../target.ts';
import { mustEqual, s3Outcome } from '../target.ts';

export const DOCUMENTS: readonly string[] = [
  '<?xml version="1.0" encoding="UTF-8"?>\n<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet><Object><Key>a&amp;b</Key><VersionId>v00000000001</VersionId><ETag>"e"</ETag></Object><Object><Key>&#x9;&#233;</Key><Size>3</Size><LastModifiedTime>Wed, 21 Oct 2015 07:28:00 GMT</LastModifiedTime></Object></Delete>',
  '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"d41d8cd98f00b204e9800998ecf8427e"</ETag><ChecksumCRC32>AAAAAA==</ChecksumCRC32></Part><Part><ETag>e</ETag><PartNumber>2</PartNumber></Part></CompleteMultipartUpload>',
  "<s3:VersioningConfiguration xmlns:s3='x'><s3:Status>Enabled</s3:Status><!-- no --><MfaDelete>Disabled</MfaDelete></s3:VersioningConfiguration>",
  '<Tagging><TagSet><Tag><Key>k</Key><Value><![CDATA[v]]></Value></Tag><Tag><Key>é</Key><Value/></Tag></TagSet></Tagging>',
  '<RestoreRequest><Days>3</Days><GlacierJobParameters><Tier>Bulk</Tier></GlacierJobParameters></RestoreRequest>',
  '<CreateBucketConfiguration><LocationConstraint>us-east-1</LocationConstraint></CreateBucketConfiguration>',
  '<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>x</a></a></a></a></a></a></a></a></a></a></a></a></a></a></a></a>',
];

const TOKENS = [
  '<', '>', '/>', '</', '<!--', '-->', '--', '<![CDATA[', ']]>', '<?', '?>', '<!DOCTYPE a [<!ENTITY b "c">]>', '&amp;', '&lt;', '&#0;', '&#x10FFFF;',
  '&#x110000;',
  '&#1114112;',
  '&#xD800;', '&#99999999;', '&b;', '&', ' a="b"', " a='", 'xmlns:x="y"', ' ', '\n', '\t', '\ufeff', 'é', '😀', '\xc0\xaf', '<a>', '</a>', '<a/>', '<x:a>',
  '__proto__', ...new Set(DOCUMENTS.join('').match(/<\w+>|<\/\w+>/g)),
].map((token) => Buffer.from(token).toString('latin1')); // prettier-ignore

const seeds = (): Buffer[] => DOCUMENTS.map((document) => Buffer.from(document));

const xml: FuzzTarget = {
  name: 'xml',
  seeds,
  tokens: TOKENS,
  bytesMax: 256 * 1024,
  run: (input) => {
    const { value } = s3Outcome(() => parseXml(input));
    const expected = input.length > 4096 ? undefined : readSlowly(input);
    if (input.length <= 4096) mustEqual(value && plain(value), expected, 'the document by the reference');
    if (value === undefined) return;
    mustEqual(
      plain(parseXml(Buffer.from(write(value)))),
      plain(value),
      'the document, written and read again',
    );
  },
};

/** Without what the parser keeps for itself. */
function plain({ name, children, text }: XmlElement): XmlElement {
  return { name, children: children.map(plain), text };
}

function write({ name, children, text }: XmlElement): string {
  return `<${name}>${children.map(write).join('')}${escapeXml(text)}</${name}>`;
}

/** By pattern after pattern, and recursion: what the parser is to understand, in the plainest way. */
function readSlowly(bytes: Buffer): XmlElement | undefined {
  let rest: string;
  try {
    rest = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(rest);
    if (found !== null) rest = rest.slice(found[0].length);
    return found;
  };
  const comment = /^<!--.*?-->/s;
  const skip = (): void => {
    while (take(/^\s+/) ?? take(comment));
  };
  take(/^<\?xml\s[^?]*\?>/);
  skip();
  const root = element(1);
  skip();
  return rest === '' ? root : undefined;

  function element(depth: number): XmlElement | undefined {
    const open = take(
      /^<([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/,
    );
    const tag = open?.[1];
    if (tag === undefined || depth > 16) return undefined;
    const found = { name: tag.replace(/^.*:/, ''), children: [] as XmlElement[], text: '' };
    if (open?.[3] === '/') return found;
    for (;;) {
      const text = unescape(take(/^[^<]*/)?.[0] ?? '');
      if (text === undefined) return undefined;
      found.text += text;
      const section = take(/^<!\[CDATA\[(.*?)\]\]>/s);
      if (section !== null) found.text += section[1];
      else if (take(comment) === null) {
        const close = take(/^<\/([A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?)\s*>/);
        if (close !== null) return close[1] === tag ? found : undefined;
        const child = element(depth + 1);
        if (child === undefined) return undefined;
        found.children.push(child);
      }
    }
  }
}

const NAMED: Readonly<Record<string, string>> = {
  '&amp;': '&',
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&apos;': "'",
};

function unescape(text: string): string | undefined {
  let good = true;
  const result = text.replaceAll(/&[^;]*(?:;|$)/g, (reference) => {
    const named = Object.hasOwn(NAMED, reference) ? NAMED[reference] : undefined;
    if (named !== undefined) return named;
    const [, hex, decimal] = /^&#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));$/.exec(reference) ?? [];
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16);
    good &&= code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
    return good ? String.fromCodePoint(code) : '';
  });
  return good ? result : undefined;
}

const NO_HEADERS = new RawHeaders([]);

const documents: FuzzTarget = {
  name: 'xml-documents',
  seeds,
  tokens: TOKENS,
  bytesMax: 64 * 1024,
  run: (input) => {
    s3Outcome(() => parseDeleteObjects(input));
    s3Outcome(() => parseCompleteMultipartUpload(input, NO_HEADERS));
    s3Outcome(() => parseRestore(input));
    s3Outcome(() => checkCreateBucketBody(input, 'us-east-1'));
    const { value: status } = s3Outcome(() => parseVersioning(input));
    if (status !== undefined)
      mustEqual(
        parseVersioning(Buffer.from(encodeVersioning(status))),
        status,
        'versioning, written and read again',
      );
    for (const tagged of ['Object', 'Bucket'] as const) {
      const { value: tags } = s3Outcome(() => parseTaggingDocument(input, tagged));
      if (tags !== undefined)
        mustEqual(
          parseTaggingDocument(Buffer.from(encodeTagging(tags)), tagged),
          tags,
          'tags, written and read again',
        );
    }
  },
};

export const XML_TARGETS: readonly FuzzTarget[] = [xml, documents];
