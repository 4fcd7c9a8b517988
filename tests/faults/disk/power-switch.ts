/**
 * @module Cuts a file system off from its disk, as a power cut does: the ioctl FS_IOC_SHUTDOWN of ext4 and XFS, without a
 * flush of the log. Node.js has no ioctl, Perl has; its process waits, so that a cut comes at once.
 */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';

/** `_IOR('X', 125, uint32_t)` with the flag NOLOGFLUSH. A line in: the path of a mount. A line out: empty, or the failure. */
const PROGRAM = `
$| = 1;
while (my $path = <STDIN>) {
  chomp $path;
  my $flags = pack("L", 2);
  my $mount;
  my $done = open($mount, "<", $path) && ioctl($mount, 0x8004587D, $flags);
  my $failure = "$!";
  close($mount) if $mount;
  print $done ? "\\n" : "$failure\\n";
}
`;

export class PowerSwitch {
  #perl: ChildProcess | undefined;
  #answered: ((failure: string) => void) | undefined;

  /** Resolves when it is cut. */
  async cut(mount: string): Promise<void> {
    const perl = (this.#perl ??= this.#start());
    const failure = await new Promise<string>((resolve) => {
      this.#answered = resolve;
      perl.stdin?.write(`${mount}\n`);
    });
    if (failure !== '') throw new Error(`the power of ${mount} could not be cut: ${failure}`);
  }

  async close(): Promise<void> {
    const perl = this.#perl;
    if (perl === undefined) return;
    const exited = new Promise((resolve) => perl.once('exit', resolve));
    perl.stdin?.end();
    await exited;
  }

  #start(): ChildProcess {
    const perl = spawn('perl', ['-e', PROGRAM], { stdio: ['pipe', 'pipe', 'inherit'] });
    perl.stdout.on('data', (chunk: Buffer) => this.#answered?.(chunk.toString().trim()));
    perl.once('exit', () => this.#answered?.('perl ended'));
    return perl;
  }
}
