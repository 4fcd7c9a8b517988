/**
 * @module One position after another of a server's write paths: a fault happens at it, the server is started again, and
 * the oracle and fsck say what came of it. The server that was looked at is the one of the next attempt.
 */

import type { ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { lockDataDirectory, runFsck } from '@cistern/server';

import { launchServer, StartFailure } from '../../support/server-process.ts';
import type { ServerProcess } from '../../support/server-process.ts';
import { Oracle } from '../oracle/oracle.ts';
import { BUCKET_LIST } from '../oracle/profile.ts';
import { describeCall, FaultShim } from '../shim/shim.ts';
import type { Call } from '../shim/shim.ts';
import { isCut } from './faults.ts';
import type { Fault } from './faults.ts';
import type { Later, Scene, WritePath } from './paths.ts';

/** Longer than anything takes. */
const NEVER_S = '3600';

/** Whose power can be cut, and comes back: what was not synced is lost then. */
export interface PowerDisk {
  readonly path: string;
  cutPower(): Promise<void>;
  powerUp(): Promise<void>;
}

export interface AttemptsOptions {
  readonly seed: string;
  readonly dataIn: string;
  /** For faults that cut the power; `dataIn` is on it. */
  readonly disk?: PowerDisk;
  readonly logIn: string;
  readonly violation: (report: string) => void;
}

/** `past`: the path had fewer calls than that, and nothing has happened. */
export type AttemptOutcome = 'met' | 'past';

export class Attempts {
  readonly #options: AttemptsOptions;
  readonly #folder: string;
  readonly #logDir: string;
  readonly #shim: FaultShim;
  readonly #oracle: Oracle;
  #server: ServerProcess | undefined;
  #reaper = false;
  #number = 0;
  #powerIsOff = false;
  /** Of the attempt that is made. */
  #what = '';
  /** What was called while a fault was waited for, in the last attempt. */
  calls: readonly Call[] = [];

  private constructor(options: AttemptsOptions, folder: string, logDir: string, oracle: Oracle) {
    this.#options = options;
    this.#folder = folder;
    this.#logDir = logDir;
    this.#oracle = oracle;
    this.#shim = new FaultShim(folder);
  }

  static async start(options: AttemptsOptions): Promise<Attempts> {
    const folder = await mkdtemp(join(options.dataIn, 'cistern-positions-'));
    // The server makes durable what it makes itself.
    await syncDirectory(options.dataIn);
    const logDir = await mkdtemp(join(options.logIn, 'cistern-oracle-'));
    const oracle = await Oracle.start({ logPath: join(logDir, 'log'), seed: options.seed });
    const attempts = new Attempts(options, folder, logDir, oracle);
    const server = await attempts.#running(false);
    await oracle.prepare(server.endpoint);
    return attempts;
  }

  /**
   * @param at the position, from 1 on, among the calls that the fault can happen to
   * @throws Error that says where, with what the server has written, when this stumbles itself
   */
  async attempt(path: WritePath, fault: Fault, at: number): Promise<AttemptOutcome> {
    this.#what = `${path.name}, ${fault.name} at ${at}`;
    try {
      return await this.#attempt(path, fault, at);
    } catch (cause) {
      throw new Error(`${this.#what}; the server: ${this.#server?.log() ?? 'none'}`, { cause });
    }
  }

  async #attempt(path: WritePath, fault: Fault, at: number): Promise<AttemptOutcome> {
    const server = await this.#running(path.reaper === true);
    const scene: Scene = {
      oracle: this.#oracle,
      shim: this.#shim,
      server,
      name: `made-${++this.#number}`,
      problem: (report) => this.#problem(report),
    };
    await path.before?.(scene);
    const { action, kinds, lasting = false } = fault;
    this.#shim.arm({ kinds, ...(path.path !== undefined && { path: path.path }) }, { at, action, lasting });
    const acting = path.act(scene);
    if (isCut(fault)) await this.#cutPower(server.child, acting);
    const later = await acting;
    let met = this.#meeting();
    if (met === undefined) {
      this.#shim.disarm();
      // What goes on behind an answer may have come there since.
      met = this.#meeting();
    }
    if (met === undefined) {
      await later?.(server.s3);
      return 'past';
    }
    if (action.do.startsWith('signal')) await server.exited;
    else await this.#goOn(server, path, fault, met);
    await this.#lookAt(later);
    return 'met';
  }

  /**
   * A start of a server that a fault happens to. @param fresh in a directory that is not there yet; otherwise on what
   * there is
   */
  async attemptStart(fresh: boolean, fault: Fault, at: number): Promise<AttemptOutcome> {
    const { name, action, kinds, lasting = false } = fault;
    this.#what = `${fresh ? 'first start' : 'start'}, ${name} at ${at}`;
    await this.#end();
    const dataDir = fresh ? join(this.#folder, `fresh-${++this.#number}`, 'new', 'data') : this.#dataDir;
    this.#shim.arm({ kinds }, { at, action, lasting });
    const child = Promise.withResolvers<ChildProcess>();
    const starting = this.#launch(dataDir, false, child.resolve);
    if (isCut(fault)) await this.#cutPower(await child.promise, starting);
    const server = await starting.catch((error: unknown) => {
      if (!(error instanceof StartFailure)) throw error;
      if (error.exitCode !== null && !/\n?cistern: .*/.test(error.message))
        this.#problem(`a refusal without a reason: ${error.message}`);
      return undefined;
    });
    const met = this.#meeting();
    await server?.kill();
    await this.#end();
    if (!fresh) {
      await this.#lookAt(undefined);
      return met === undefined ? 'past' : 'met';
    }
    await this.#startAgain(dataDir);
    return met === undefined ? 'past' : 'met';
  }

  /** What was begun is finished, and serves. */
  async #startAgain(dataDir: string): Promise<void> {
    const second = await this.#launch(dataDir, false).catch((error: unknown) => {
      this.#problem(`the next start fails: ${String(error)}`);
    });
    if (second !== undefined) {
      const { status } = await second.s3.object('PUT', BUCKET_LIST.split(',')[0] ?? '', 'first', {
        body: 'x',
      });
      if (status !== 200) this.#problem(`the first write after it is answered with ${status}`);
      await second.kill();
      await this.#fsck(dataDir);
    }
    await rm(dirname(dirname(dataDir)), { recursive: true, force: true });
  }

  /** An orderly end that a fault happens to. */
  async attemptStop(fault: Fault, at: number): Promise<AttemptOutcome> {
    const { name, action, kinds, lasting = false } = fault;
    this.#what = `orderly end, ${name} at ${at}`;
    const server = await this.#running(false);
    await this.#write(server, 4);
    this.#shim.arm({ kinds }, { at, action, lasting });
    server.child.kill('SIGTERM');
    if (isCut(fault)) await this.#cutPower(server.child, server.exited);
    await server.exited;
    const met = this.#meeting();
    await this.#lookAt(undefined);
    return met === undefined ? 'past' : 'met';
  }

  async close(): Promise<void> {
    await this.#end();
    await this.#oracle.close();
    this.#shim.close();
    for (const path of [this.#folder, this.#logDir]) await rm(path, { recursive: true, force: true });
  }

  get #dataDir(): string {
    return join(this.#folder, 'data');
  }

  /** The server survived: what it is asked next it does or refuses, and it is read from. */
  async #goOn(server: ServerProcess, path: WritePath, { action, lasting }: Fault, met: Call): Promise<void> {
    // A broken disk stays broken for a while; reads must be served all the same.
    if (lasting === true) await this.#write(server, 2);
    this.#shim.disarm();
    const acknowledged = await this.#write(server, 6);
    const alive = await server.s3.send('GET', '/-/health/live', { auth: 'anonymous' }).catch(() => undefined);
    if (alive?.status !== 200) this.#problem(`the server has died of it: ${server.log()}`);
    // SQLite's sync of the directory of its log, which it ignores; the server has done that at its start.
    const again = met.path === this.#dataDir;
    const unsynced = (met.kind === 'fsync' || met.kind === 'fdatasync') && !again;
    if (unsynced && action.do === 'fail' && path.background !== true && acknowledged > 0)
      this.#problem('writes are acknowledged after a sync that failed');
  }

  /** @returns how many of some writes, mixed with reads, were acknowledged */
  async #write(server: ServerProcess, steps: number): Promise<number> {
    const load = this.#oracle.load(server.endpoint, {
      profile: { writers: 2, operations: ['put', 'read', 'append'], largeOneIn: 3 },
      steps,
    });
    const { acknowledged, problems } = await load.ended;
    for (const problem of problems) this.#problem(problem);
    return acknowledged;
  }

  /** Starts the server again and holds it to what is known. */
  async #lookAt(later: Later | void): Promise<void> {
    await this.#end();
    await this.#fsck(this.#dataDir);
    const server = await this.#running(this.#reaper);
    for (const problem of (await this.#oracle.verify(server.endpoint)).problems) this.#problem(problem);
    await later?.(server.s3).catch((error: unknown) => this.#problem(String(error)));
  }

  async #running(reaper: boolean): Promise<ServerProcess> {
    if (this.#server !== undefined && this.#reaper !== reaper) await this.#end();
    this.#reaper = reaper;
    return (this.#server ??= await this.#launch(this.#dataDir, reaper));
  }

  async #launch(
    dataDir: string,
    reaper: boolean,
    started?: (child: ChildProcess) => void,
  ): Promise<ServerProcess> {
    await mkdir(this.#folder, { recursive: true });
    return launchServer({
      dataDir,
      arguments: ['--buckets', BUCKET_LIST, '--reaper-idle', reaper ? '1' : NEVER_S, '--threads', '1'],
      env: this.#shim.env,
      ...(started !== undefined && { started }),
    });
  }

  /** The first call that met the fault. */
  #meeting(): Call | undefined {
    this.calls = this.#shim.calls();
    const met = this.calls.find(({ fired }) => fired);
    if (met !== undefined) this.#what += ` (${describeCall(met, this.#folder)})`;
    return met;
  }

  /** At once. */
  async #end(): Promise<void> {
    this.#shim.disarm();
    await this.#server?.kill();
    this.#server = undefined;
    if (this.#powerIsOff) await this.#options.disk?.powerUp();
    this.#powerIsOff = false;
  }

  /**
   * When the server stands still at the position the power goes, and then the server: nothing that it has not synced by then
   * is on the disk, and nothing that it would have done then comes there, or is answered.
   *
   * @param acting what makes the server come there; it may end without
   */
  async #cutPower(child: ChildProcess, acting: Promise<unknown>): Promise<void> {
    const acted = acting.then(
      () => true,
      () => true,
    );
    while (this.#shim.fired === 0 && !(await Promise.race([acted, delay(1, false)])));
    this.#shim.disarm();
    if (this.#shim.fired === 0) return;
    while (!(await standsStill(child))) await delay(1);
    this.#powerIsOff = true;
    await this.#options.disk?.cutPower();
    child.kill('SIGKILL');
  }

  async #fsck(dataDir: string): Promise<void> {
    const lock = lockDataDirectory(dataDir);
    try {
      const { problems } = await runFsck({ dataDir, live: false, quick: false });
      for (const problem of problems) this.#problem(`fsck: ${JSON.stringify(problem)}`);
    } finally {
      lock.close();
    }
  }

  #problem(report: string): void {
    this.#options.violation(`${this.#what}: ${report}`);
  }
}

/** Whether a signal has stopped it; or it is gone. */
async function standsStill({ pid }: ChildProcess): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') T');
  return /\) [TZX]/.test(stat);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
