/** @module What is done at a position of a write path. */

import type { CallKind, ShimAction } from '../shim/shim.ts';
import { CHANGES } from '../shim/shim.ts';

export interface Fault {
  readonly name: string;
  readonly action: ShimAction;
  /** It happens at every later call, too. */
  readonly lasting?: boolean;
  /** The calls that it can happen to. */
  readonly kinds: readonly CallKind[];
}

/** The server stands still at the call: whoever makes the attempt cuts the power of its disk then, and ends it. */
export const CUTS: readonly Fault[] = [
  { name: 'power cut before', action: { do: 'signal-before', signal: 'SIGSTOP' }, kinds: CHANGES },
  { name: 'power cut after', action: { do: 'signal-after', signal: 'SIGSTOP' }, kinds: CHANGES },
];

export const isCut = ({ action }: Fault): boolean => 'signal' in action && action.signal === 'SIGSTOP';

const WRITES: readonly CallKind[] = ['write', 'copy'];

export const FAULTS: readonly Fault[] = [
  { name: 'killed before', action: { do: 'signal-before' }, kinds: CHANGES },
  { name: 'killed after', action: { do: 'signal-after' }, kinds: CHANGES },
  { name: 'EIO', action: { do: 'fail', error: 'EIO' }, kinds: CHANGES },
  { name: 'EIO from then on', action: { do: 'fail', error: 'EIO' }, lasting: true, kinds: CHANGES },
  { name: 'ENOSPC', action: { do: 'fail', error: 'ENOSPC' }, kinds: CHANGES },
  { name: 'ENOSPC from then on', action: { do: 'fail', error: 'ENOSPC' }, lasting: true, kinds: CHANGES },
  { name: 'short write', action: { do: 'short' }, kinds: WRITES },
  { name: 'short write, then ENOSPC', action: { do: 'short', error: 'ENOSPC' }, kinds: WRITES },
];
