/** @module RestoreObject: days and tiers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseRestore } from './restore-object.ts';

const parse = (inner: string): ReturnType<typeof parseRestore> =>
  parseRestore(Buffer.from(`<RestoreRequest xmlns="urn:x">${inner}</RestoreRequest>`));
const job = (tier: string): string => `<GlacierJobParameters><Tier>${tier}</Tier></GlacierJobParameters>`;

test('days, and how soon', () => {
  assert.deepEqual(parse('<Days>3</Days>'), { days: 3, tier: 'Standard' });
  for (const tier of ['Expedited', 'Standard', 'Bulk']) {
    assert.deepEqual(parse(`<Days>36500</Days>${job(tier)}`), { days: 36_500, tier });
    assert.deepEqual(parse(`<Days>1</Days><Tier>${tier}</Tier>`), { days: 1, tier });
    assert.deepEqual(parse(`<Days>1</Days><Tier>${tier}</Tier>${job(tier)}`), { days: 1, tier });
  }
});

test('days that are none', () => {
  for (const days of ['0', '-1', '36501', '2147483647'])
    assert.throws(() => parse(`<Days>${days}</Days>`), { code: 'InvalidArgument' }, days);
});

test('the form that selects is not served', () => {
  for (const inner of ['<Type>SELECT</Type>', '<SelectParameters/>', '<OutputLocation/>', '<Description/>'])
    assert.throws(() => parse(`<Days>1</Days>${inner}`), { code: 'NotImplemented' }, inner);
});

test('what is no request', () => {
  for (const inner of [
    '',
    '<Days/>',
    '<Days>1.5</Days>',
    '<Days>many</Days>',
    '<Days>1</Days><Days>1</Days>',
    '<Days>1</Days><Other/>',
    `<Days>1</Days>${job('Fast')}`,
    `<Days>1</Days>${job('')}`,
    '<Days>1</Days><GlacierJobParameters/>',
    `<Days>1</Days><Tier>Bulk</Tier>${job('Standard')}`,
  ]) {
    assert.throws(() => parse(inner), { code: 'MalformedXML' }, inner);
  }
  assert.throws(() => parseRestore(Buffer.alloc(0)), { code: 'MissingRequestBodyError' });
});
