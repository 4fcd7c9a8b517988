/** @module XML: what is written is read back, and what is not well-formed or not bounded is refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { hostileText } from '../hostile-text.fixtures.ts';
import { escapeXml } from './escape.ts';
import { optionalChild, optionalText, parseXml, type XmlElement } from './parse.ts';

const parse = (source: string): XmlElement => parseXml(Buffer.from(source));

function refuses(source: string | Uint8Array): void {
  const bytes = typeof source === 'string' ? Buffer.from(source) : source;
  assert.throws(() => parseXml(bytes), { code: 'MalformedXML', status: 400 }, bytes.toString().slice(0, 100));
}

test('elements, attributes, comments, CDATA, white space', () => {
  const root = parse(
    '\uFEFF<?xml version="1.0" encoding="UTF-8"?>\n<!-- c --><a:Root xmlns:a="urn:x" b=\'1 > 0\'>\n' +
      ' <a:One x="&lt;"> 1 </a:One><Two/><Two ></Two ><!-- <Three> --><Four><![CDATA[<&]]>5</Four>\n</a:Root>\n<!-- end -->\n',
  );
  assert.equal(root.name, 'Root');
  assert.deepEqual(
    root.children.map(({ name, text }) => [name, text]),
    [
      ['One', ' 1 '],
      ['Two', ''],
      ['Two', ''],
      ['Four', '<&5'],
    ],
  );
});

test('references', () => {
  assert.equal(
    parse('<a>&lt;&gt;&amp;&quot;&apos;&#65;&#x42;&#x1F600;&#0;&amp;lt;</a>').text,
    '<>&"\'AB😀\u0000&lt;',
  );
});

test('what is not well-formed is refused', () => {
  for (const source of [
    '',
    'text',
    '<a>',
    '<a></b>',
    '<a></a><b/>',
    '<a></a>text',
    'text<a></a>',
    '</a>',
    '<a',
    '<a b></a>',
    '<a b=1></a>',
    '<a b="1"c="2"></a>',
    '<1/>',
    '< a/>',
    '<a><!-- </a>',
    '<a><![CDATA[ </a>',
    '<![CDATA[x]]>',
    '<a>&</a>',
    '<a>&nbsp;</a>',
    '<a>&#xD800;</a>',
    '<a>&#x110000;</a>',
    '<a>&#xZZ;</a>',
    '<x:a></a>',
  ]) {
    refuses(source);
  }
});

test('no document types, no processing instructions, no other encodings', () => {
  refuses('<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>');
  refuses('<!DOCTYPE a><a/>');
  refuses('<?xml version="1.0"?><?other x?><a/>');
  refuses('<a><?php x?></a>');
  refuses(Buffer.from('<a/>', 'utf16le'));
  refuses(Buffer.concat([Buffer.from('<a>'), Buffer.from([0xc0, 0xaf]), Buffer.from('</a>')]));
});

test('depth and number of elements are bounded', () => {
  const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
  parse(nested(16));
  refuses(nested(17));
  refuses(nested(100_000));
  parse(`<a>${'<b/>'.repeat(99_999)}</a>`);
  refuses(`<a>${'<b/>'.repeat(100_000)}</a>`);
});

test('hostile input costs no more than its length', () => {
  for (const source of [
    `<a${' '.repeat(200_000)}x`,
    `<a${' b="1"'.repeat(30_000)} c`,
    `<a${' b="1"'.repeat(1_500_000)} c`,
    `<a>${'&amp'.repeat(50_000)}`,
    `<a ${'b'.repeat(200_000)}`,
  ]) {
    refuses(source);
  }
});

test('attributes may be many', () => {
  assert.equal(parse(`<a${' b="1"'.repeat(1_500_000)}>x</a>`).text, 'x');
});

test('a child is one, and text is only text', () => {
  const root = parse('<r><a>1</a><b>1</b><b>2</b><c>x<d/>y</c></r>');
  assert.equal(optionalText(root, 'a'), '1');
  assert.equal(optionalText(root, 'none'), undefined);
  assert.equal(optionalChild(root, 'none'), undefined);
  assert.throws(() => optionalChild(root, 'b'), { code: 'MalformedXML' });
  assert.throws(() => optionalText(root, 'c'), { code: 'MalformedXML' });
});

test('any text comes back from its escaped form', () => {
  fc.assert(
    fc.property(hostileText({ maxLength: 50 }), (text) => {
      assert.equal(parse(`<a>${escapeXml(text)}</a>`).text, text);
    }),
    { numRuns: 500 },
  );
});

test('what needs no escape is left as it is', () => {
  assert.equal(escapeXml("a/b c+d%ü😀'"), "a/b c+d%ü😀'");
  assert.equal(
    escapeXml('<a b="c">&\t\n\r\u0001\u007f'),
    '&lt;a b=&quot;c&quot;&gt;&amp;&#x9;&#xa;&#xd;&#x1;&#x7f;',
  );
});

test('whatever comes, a document is read or refused', () => {
  const piece = fc.constantFrom(
    '<a>',
    '</a>',
    '<b/>',
    '<',
    '>',
    '&',
    '&lt;',
    ' ',
    'x',
    '<!--',
    '-->',
    '<![CDATA[',
    ']]>',
    '"',
    "='",
    '<?xml ',
    '?>',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        parse(pieces.join(''));
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'MalformedXML');
      }
    }),
    { numRuns: 1000 },
  );
});
