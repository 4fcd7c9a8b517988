/** @module Which variables are settings, and which are slips. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyVariables, unknownVariables } from './environment.ts';

test('empty variables of ours are found: they count as not set', () => {
  const environment = { CISTERN_PORT: '', CISTERN_DATA: 'data', OTHER: '' };
  assert.deepEqual(emptyVariables(environment), ['CISTERN_PORT']);
});

test('a variable that looks like a setting and is none is found', () => {
  const environment = { CISTERN_PORT: '1', CISTERN_PROT: '1', CISTERN_DATA_DIR: 'x', HOME: 'x' };
  assert.deepEqual(unknownVariables(environment, ['CISTERN_PORT']), ['CISTERN_PROT', 'CISTERN_DATA_DIR']);
});

test('what Kubernetes sets beside a service of our name is no slip', () => {
  const environment = {
    CISTERN_SERVICE_HOST: '10.0.0.1',
    CISTERN_SERVICE_PORT: '9000',
    CISTERN_SERVICE_PORT_S3: '9000',
    CISTERN_PORT_9000_TCP: 'tcp://10.0.0.1:9000',
    CISTERN_PORT_9000_TCP_ADDR: '10.0.0.1',
  };
  assert.deepEqual(unknownVariables(environment, []), []);
});
