/**
 * @module The long form of power cuts. `--set fs=ext4` or `fs=xfs`; both at once when it is left out. The choices follow from
 * the seed, and what was under way at the moment of a cut is the system's. With `--set at=call` a cut comes at a call of a write
 * path, which is the seed's, too; those count by themselves.
 */

import type { Proof, Slice } from '../../proof/proof.ts';
import { CutRun } from './cut-run.ts';
import { LoopDisk, needsLoopDisk, XFS_MIB_MIN } from './loop-disk.ts';
import type { FileSystem } from './loop-disk.ts';
import { cutAtPositions } from './position-cuts.ts';

const DISK_MIB = XFS_MIB_MIN + 20;
/** Between first starts of a data directory, and between changes of the file system; `--set rounds=N`. */
const ROUNDS = 24;

export const proof: Proof = {
  aims: { 'ext4 cuts': 2000, 'xfs cuts': 2000 },
  needs: needsLoopDisk('ext4') || needsLoopDisk('xfs'),
  run: async (slice) => {
    const atCalls = slice.settings.get('at') === 'call';
    await Promise.all(
      chosen(slice).map(async (fs) => {
        for (let turn = 0; !slice.over(); turn++) {
          const seed = `${slice.seed} ${turn}`;
          if (atCalls)
            await cutAtPositions({ ...slice, fs, seed, onCut: () => slice.count(`${fs} cuts at a call`) });
          else await cutOn(fs, slice, seed);
        }
      }),
    );
  },
};

function chosen({ settings }: Slice): readonly FileSystem[] {
  const fs = settings.get('fs') ?? 'both';
  if (fs === 'both') return ['ext4', 'xfs'];
  if (fs === 'ext4' || fs === 'xfs') return [fs];
  throw new Error(`--set fs= takes ext4, xfs or both, not ${fs}`);
}

async function cutOn(fs: FileSystem, slice: Slice, seed: string): Promise<void> {
  const disk = await LoopDisk.create({ fs, mib: DISK_MIB });
  const run = new CutRun(disk, seed);
  const rounds = Number(slice.settings.get('rounds') ?? ROUNDS);
  let at = 'first start';
  try {
    await run.firstStart();
    slice.count(`${fs} cuts`);
    for (let round = 1; round <= rounds && !slice.over(); round++) {
      at = `round ${round}`;
      await run.round();
      slice.count(`${fs} cuts`);
    }
    at = 'last look';
    await run.last();
    const found = await disk.check();
    if (found !== undefined) slice.violation(`${fs}, seed ${seed}: its own check finds\n${found}`);
  } catch (error) {
    // A disk that could not be mounted is none of the server's.
    if (error instanceof Error && 'cmd' in error) throw error;
    slice.violation(`${fs}, seed ${seed}, ${at}: ${(error as Error).stack}`);
  } finally {
    slice.count('acknowledged writes', run.acknowledged);
    await disk.remove();
  }
}
