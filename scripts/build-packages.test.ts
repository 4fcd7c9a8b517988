/** What a published package says of itself. The built files are tried by check-exports.ts. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPublished, withDependenciesOf } from './build-packages.ts';

test('exports point at built files with their declarations, and only built files are published', () => {
  const published = toPublished({
    name: 'x',
    version: '1.0.0',
    exports: { '.': './src/index.ts', './deep': './src/deep/thing.ts' },
    dependencies: { pino: '10.4.0' },
  });
  assert.deepEqual(published, {
    name: 'x',
    version: '1.0.0',
    exports: {
      '.': { types: './dist/index.d.ts', default: './dist/index.js' },
      './deep': { types: './dist/deep/thing.d.ts', default: './dist/deep/thing.js' },
    },
    dependencies: { pino: '10.4.0' },
    files: ['dist'],
  });
});

test('the package with the bundle depends on what the bundled packages depend on, and asks for the same optional ones', () => {
  const cli = { name: 'cli', version: '1.0.0', exports: {}, dependencies: { lib: '1.0.0', own: '2.0.0' } };
  const lib = {
    name: 'lib',
    version: '1.0.0',
    exports: {},
    dependencies: { undici: '8.0.0' },
    peerDependencies: { cloud: '^3.0.0' },
    peerDependenciesMeta: { cloud: { optional: true } },
  };
  assert.deepEqual(withDependenciesOf(cli, [lib, cli]), {
    ...cli,
    dependencies: { lib: '1.0.0', own: '2.0.0', undici: '8.0.0' },
    peerDependencies: { cloud: '^3.0.0' },
    peerDependenciesMeta: { cloud: { optional: true } },
  });
});
