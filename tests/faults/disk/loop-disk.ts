/**
 * @module A disk of its own, in a file: ext4 or XFS on a loop device, mounted in a temporary directory. Its power can be cut
 * (what was not synced is really lost), it can be frozen and it can be full, and nothing else on the machine notices.
 *
 * Needs root. Whoever makes one removes it; the end of the process does, too.
 */

import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { needsCommand } from '../../clients/commands.ts';
import { PowerSwitch } from './power-switch.ts';

const run = promisify(execFile);

export type FileSystem = 'ext4' | 'xfs';

/** mkfs.xfs makes none below 300 MiB. */
export const XFS_MIB_MIN = 300;

/** In memory where that is possible: a cut loses what the page cache had, wherever the file is. */
const FOLDER = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

const MAKE: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['mkfs.ext4', '-q', '-F'],
  xfs: ['mkfs.xfs', '-q', '-f'],
};

/** `-n`: only looks. */
const CHECK: Readonly<Record<FileSystem, readonly string[]>> = {
  ext4: ['e2fsck', '-f', '-n'],
  xfs: ['xfs_repair', '-n'],
};

/** For `skip` and `needs`. */
export function needsLoopDisk(fs: FileSystem): string | false {
  return needsLoopDevices() || missingMaker(fs);
}

function needsLoopDevices(): string | false {
  if (process.platform !== 'linux') return 'only Linux has the file systems that power is cut from';
  if (process.getuid?.() !== 0) return 'only root may mount a disk: run it as root';
  if (!existsSync('/dev/loop-control')) return 'there are no loop devices here (containers often have none)';
  return needsCommand('perl', 'Debian package perl');
}

function missingMaker(fs: FileSystem): string | false {
  return fs === 'ext4'
    ? needsCommand('mkfs.ext4', 'Debian package e2fsprogs')
    : needsCommand('mkfs.xfs', 'Debian package xfsprogs');
}

export class LoopDisk {
  readonly fs: FileSystem;
  /** Where it is mounted. */
  readonly path: string;
  readonly #folder: string;
  readonly #device: string;
  readonly #switch = new PowerSwitch();
  readonly #removeAtExit = (): void => this.#removeNow();

  /** @param mib its size; the file has holes, and takes what is written to it */
  static async create({ fs, mib }: { fs: FileSystem; mib: number }): Promise<LoopDisk> {
    const folder = mkdtempSync(join(FOLDER, `cistern-${fs}-`));
    const image = join(folder, 'image');
    writeFileSync(image, '');
    truncateSync(image, mib * 1024 * 1024);
    const [make = '', ...flags] = MAKE[fs];
    await run(make, [...flags, image]);
    const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    const disk = new LoopDisk(fs, folder, device);
    await disk.mount();
    return disk;
  }

  private constructor(fs: FileSystem, folder: string, device: string) {
    this.fs = fs;
    this.#folder = folder;
    this.#device = device;
    this.path = join(folder, 'mnt');
    process.once('exit', this.#removeAtExit);
  }

  async mount(): Promise<void> {
    await run('mount', ['-m', '-t', this.fs, this.#device, this.path]);
  }

  /** Everything that has it open must be gone. */
  async unmount(): Promise<void> {
    await run('umount', [this.path]);
  }

  /** What was not synced is lost from this moment on, and every access fails until it is mounted again. */
  cutPower(): Promise<void> {
    return this.#switch.cut(this.path);
  }

  /** As the power comes back: the journal is replayed. */
  async powerUp(): Promise<void> {
    await this.unmount();
    await this.mount();
  }

  /** Unmounts it, asks the file system's own check, and mounts it again. @returns what that found, or undefined */
  async check(): Promise<string | undefined> {
    await this.unmount();
    const [command = '', ...flags] = CHECK[this.fs];
    const { status, stdout, stderr } = spawnSync(command, [...flags, this.#device], { encoding: 'utf8' });
    await this.mount();
    return status === 0 ? undefined : `${stdout}${stderr}`;
  }

  /** Every write to it waits from now on. */
  async freeze(): Promise<void> {
    await run('fsfreeze', ['--freeze', this.path]);
  }

  async thaw(): Promise<void> {
    await run('fsfreeze', ['--unfreeze', this.path]);
  }

  /** Everything that has it open must be gone. */
  async remove(): Promise<void> {
    process.off('exit', this.#removeAtExit);
    await this.#switch.close();
    this.#removeNow();
  }

  #removeNow(): void {
    // A frozen disk could not be unmounted.
    spawnSync('fsfreeze', ['--unfreeze', this.path]);
    spawnSync('umount', ['--lazy', this.path]);
    spawnSync('losetup', ['--detach', this.#device]);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
