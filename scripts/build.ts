/** `npm run build`: the publishable packages, in `dist/packages/`. */

import { join } from 'node:path';
import { buildPackages, ROOT } from './build-packages.ts';

for (const { folder, source } of await buildPackages(join(ROOT, 'dist', 'packages'))) {
  console.log(`${source.name} ${source.version}  ${folder}`);
}
