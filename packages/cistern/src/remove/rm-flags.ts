/** The flags of `cistern rm`. */

import type { FilterFlags, LiteralFlag, ReachFlags } from '../command/options.ts';
import type { RemovalFlags } from './removal.ts';

export interface RmFlags extends RemovalFlags, ReachFlags, FilterFlags, LiteralFlag {
  readonly recursive?: true;
  readonly force?: true;
  readonly yes?: true;
  readonly version?: string;
  readonly allVersions?: true;
}
