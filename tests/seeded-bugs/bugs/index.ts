/** @module All seeded bugs, by what they break. */

import type { SeededBug } from '../bug.ts';
import { CATALOG_BUGS } from './catalog.ts';
import { DURABILITY_BUGS } from './durability.ts';
import { PROTOCOL_BUGS } from './protocol.ts';

export const BUGS: readonly SeededBug[] = [...DURABILITY_BUGS, ...CATALOG_BUGS, ...PROTOCOL_BUGS];
