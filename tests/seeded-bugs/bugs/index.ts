/** @module All seeded bugs, by what they break. */

import type { SeededBug } from '../bug.ts';
import { CATALOG_BUGS } from './catalog.ts';
import { CRASH_BUGS } from './crashes.ts';
import { DURABILITY_BUGS } from './durability.ts';
import { HISTORY_BUGS } from './histories.ts';
import { INPUT_BUGS } from './input.ts';
import { PROTOCOL_BUGS } from './protocol.ts';
import { RESOURCE_BUGS } from './resources.ts';
import { ROT_BUGS } from './rot.ts';
import { ROW_BUGS } from './rows.ts';
import { SECURITY_BUGS } from './security.ts';
import { SPEED_BUGS } from './speed.ts';

export const BUGS: readonly SeededBug[] = [
  ...DURABILITY_BUGS,
  ...CRASH_BUGS,
  ...RESOURCE_BUGS,
  ...ROT_BUGS,
  ...ROW_BUGS,
  ...CATALOG_BUGS,
  ...HISTORY_BUGS,
  ...SPEED_BUGS,
  ...PROTOCOL_BUGS,
  ...INPUT_BUGS,
  ...SECURITY_BUGS,
];
