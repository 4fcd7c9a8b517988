/** @module The versioning state of a bucket: what can be asked for, and how it is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseXml } from '../xml/parse.ts';
import { encodeVersioning, parseVersioning } from './versioning.ts';

const parse = (inner: string): string =>
  parseVersioning(Buffer.from(`<VersioningConfiguration xmlns="urn:x">${inner}</VersioningConfiguration>`));

test('enabled or suspended', () => {
  for (const status of ['Enabled', 'Suspended'] as const) {
    assert.equal(parse(`<Status>${status}</Status>`), status);
    assert.equal(parse(`<MfaDelete>Disabled</MfaDelete><Status>\n ${status}</Status>`), status);
    assert.equal(parseVersioning(Buffer.from(encodeVersioning(status))), status);
  }
});

test('a bucket that never had versioning has no status', () => {
  const root = parseXml(Buffer.from(encodeVersioning(undefined)));
  assert.deepEqual([root.name, root.children, root.text], ['VersioningConfiguration', [], '']);
});

test('other states are refused', () => {
  assert.throws(() => parse(''), { code: 'IllegalVersioningConfigurationException' });
  assert.throws(() => parse('<Status>Enabled</Status><MfaDelete>Enabled</MfaDelete>'), {
    code: 'NotImplemented',
  });
  for (const inner of [
    '<Status/>',
    '<Status>enabled</Status>',
    '<Status>Disabled</Status>',
    '<Status>Enabled</Status><Status>Enabled</Status>',
    '<Status>Enabled</Status><MfaDelete>Maybe</MfaDelete>',
    '<Status>Enabled</Status><Other/>',
    '<Status><a/>Enabled</Status>',
  ]) {
    assert.throws(() => parse(inner), { code: 'MalformedXML' }, inner);
  }
  assert.throws(() => parseVersioning(Buffer.from('<Versioning/>')), { code: 'MalformedXML' });
  assert.throws(() => parseVersioning(Buffer.alloc(0)), { code: 'MissingRequestBodyError' });
});
