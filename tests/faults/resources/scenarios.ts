/** @module Everything that a server may be short of. */

import { clock } from './clock.ts';
import { descriptors } from './descriptors.ts';
import { frozenDisk } from './frozen-disk.ts';
import { memory } from './memory.ts';
import { pause } from './pause.ts';
import type { Scenario } from './scenario.ts';

export const SCENARIOS: readonly Scenario[] = [descriptors, pause, frozenDisk, clock, memory];
