/** @module All seeded bugs, by what they break. */

import type { SeededBug } from '../bug.ts';
import { CATALOG_BUGS } from './catalog.ts';
import { CRASH_BUGS } from './crashes.ts';
import { DURABILITY_BUGS } from './durability.ts';
import { PROTOCOL_BUGS } from './protocol.ts';
import { RESOURCE_BUGS } from './resources.ts';
import { SECURITY_BUGS } from './security.ts';

export const BUGS: readonly SeededBug[] = [
  ...DURABILITY_BUGS,
  ...CRASH_BUGS,
  ...RESOURCE_BUGS,
  ...CATALOG_BUGS,
  ...PROTOCOL_BUGS,
  ...SECURITY_BUGS,
];
