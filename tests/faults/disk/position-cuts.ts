/**
 * @module Power cuts at chosen calls: a server is stopped at one of the calls of a write path, a start or an end, its disk loses
 * its power, and what was acknowledged before is there afterwards. Some paths on one disk.
 */

import { tmpdir } from 'node:os';

import type { Slice } from '../../proof/proof.ts';
import { Attempts } from '../positions/attempts.ts';
import { CUTS } from '../positions/faults.ts';
import { planPositions, shuffled, WALKS } from '../positions/plan.ts';
import { seededChoice } from '../seeded.ts';
import { LoopDisk } from './loop-disk.ts';
import type { FileSystem } from './loop-disk.ts';

const DISK_MIB = 400;
/** Each is walked once before, to learn its calls. */
const WALKS_AT_ONCE = 6;
const CUTS_AT_ONCE = 24;

export interface PositionCuts extends Pick<Slice, 'seed' | 'over' | 'violation'> {
  readonly fs: FileSystem;
  /** Names of paths. Default: some of all, by the seed. */
  readonly walks?: readonly string[];
  /** Told of each cut. */
  readonly onCut: () => void;
}

export async function cutAtPositions({
  fs,
  seed,
  walks,
  over,
  violation,
  onCut,
}: PositionCuts): Promise<void> {
  const disk = await LoopDisk.create({ fs, mib: DISK_MIB });
  const tell = (report: string): void => violation(`${fs}, seed ${seed}: ${report}`);
  const attempts = await Attempts.start({ seed, dataIn: disk.path, disk, logIn: tmpdir(), violation: tell });
  try {
    const chosen =
      walks === undefined
        ? shuffled(WALKS, seededChoice(`${seed} walks`)).slice(0, WALKS_AT_ONCE)
        : WALKS.filter(({ name }) => walks.includes(name));
    const positions = await planPositions(attempts, seed, chosen, CUTS);
    for (const { walk, fault, at } of positions.slice(0, CUTS_AT_ONCE)) {
      if (over()) break;
      if ((await walk.attempt(attempts, fault, at)) === 'met') onCut();
    }
    await attempts.close();
    const found = await disk.check();
    if (found !== undefined) tell(`its own check finds\n${found}`);
  } catch (error) {
    // What fails of it afterwards is not told in its place.
    await attempts.close().catch(() => undefined);
    throw error;
  } finally {
    await disk.remove();
  }
}
