/** What a command has deleted, and what not: told as it happens, and counted at the end. */

import type { Cli } from '../command/cli.ts';
import type { OutputFlags } from '../command/options.ts';
import { explain } from '../failures/explain.ts';
import { printable } from '../terminal/printable.ts';
import { formatCount } from '../terminal/sizes.ts';

export interface RemovalFlags extends OutputFlags {
  readonly dryRun?: true;
  readonly quiet?: true;
}

export interface Removed {
  /** as the user can name it again */
  readonly name: string;
  readonly key?: string | undefined;
  readonly version?: string | undefined;
}

export class Removal {
  deleted = 0;
  failed = 0;
  readonly #cli: Cli;
  readonly #flags: RemovalFlags;
  readonly #what: string;

  /** @param what is deleted: `object`, `version` */
  constructor(cli: Cli, flags: RemovalFlags, what: string) {
    this.#cli = cli;
    this.#flags = flags;
    this.#what = what;
  }

  /** One that was deleted, or would be. Await it where there are many. */
  delete({ name, key, version }: Removed): Promise<void> | void {
    this.deleted++;
    const { json, dryRun } = this.#flags;
    const { out } = this.#cli;
    if (json === true) return out.json({ type: 'deleted', name, key, version, dryRun });
    if (dryRun !== true) return;
    const id = version === undefined ? '' : `  ${version}`;
    return out.line((out.isTerminal ? printable(name) : name) + id);
  }

  /** The process ends with the code of the first. */
  async fail({ name, key, version }: Removed, error: unknown): Promise<void> {
    this.failed++;
    const cli = this.#cli;
    const { code, message, advice, exitCode } = await explain(error, cli);
    if (cli.exitCode === 0) cli.exitCode = exitCode;
    if (this.#flags.json === true) {
      await cli.out.json({ type: 'failed', name, key, version, code, message, advice });
      return;
    }
    await cli.out.flush();
    cli.warn(message.includes(name) ? printable(message) : printable(`${name}: ${message}`));
    if (advice !== undefined) cli.note(`  ${advice}`);
  }

  async end(): Promise<void> {
    const { deleted, failed } = this;
    const { json, dryRun, quiet } = this.#flags;
    if (json === true) await this.#cli.out.json({ type: 'summary', deleted, failed, dryRun });
    else if (quiet !== true && (deleted > 0 || failed !== 1)) {
      // Of one failure alone all is said.
      await this.#cli.out.flush();
      this.#cli.warn(this.toString());
    }
  }

  toString(): string {
    const { deleted, failed } = this;
    const done = `${this.#flags.dryRun === true ? 'would delete' : 'deleted'} ${formatCount(deleted, this.#what)}`;
    return failed === 0 ? done : `${done}; ${failed.toLocaleString('en')} failed`;
  }
}
