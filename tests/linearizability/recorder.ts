/**
 * @module Clients that ask one bucket at once, and the history of it. A round ends when nothing is under way any more: then one
 * client alone looks at every key, which fixes what the round has left. In some rounds the server is killed in the middle.
 */

import { randomBytes } from 'node:crypto';

import { seededChoice } from '../faults/seeded.ts';
import { setVersioning } from '../support/versions.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { ask, WrongAnswer } from './asker.ts';
import type { Target } from './asker.ts';
import { Chooser } from './chooser.ts';
import type { Pick } from './chooser.ts';
import type { Answer, Operation, Request } from './history.ts';
import { Pieces } from './pieces.ts';
import type { Recorded } from './verdict.ts';

export interface Shape {
  readonly clients: number;
  readonly operations: number;
  readonly rounds: number;
  /** Rounds in which the server is killed. */
  readonly kills: number;
}

export interface Fleet {
  /** The server that runs now. */
  server: ServerProcess;
  /** Ends it at once, and starts it again. */
  readonly restart: () => Promise<void>;
}

export class Recorder {
  readonly #fleet: Fleet;
  readonly #target: Target;
  readonly #chooser: Chooser;
  readonly #pick: Pick;
  readonly #shape: Shape;
  readonly #operations: Operation[] = [];
  #killed = 0;
  #position = 0;

  /** @param seed decides what is asked; how it comes together is the machine's */
  constructor(fleet: Fleet, shape: Shape, seed: string, { versioned }: { versioned: boolean }) {
    this.#fleet = fleet;
    this.#shape = shape;
    this.#pick = seededChoice(seed);
    const keys = Array.from({ length: 3 + this.#pick(4) }, (_, key) => `${key % 2 === 0 ? 'a' : 'b'}/${key}`);
    this.#target = {
      bucket: `lines-${randomBytes(6).toString('hex')}`,
      versioned,
      keys,
      pieces: new Pieces(),
    };
    this.#chooser = new Chooser(this.#target);
  }

  /** @throws WrongAnswer */
  async run(): Promise<Recorded> {
    const { bucket, versioned, keys, pieces } = this.#target;
    const { s3 } = this.#fleet.server;
    const created = await s3.bucket('PUT', bucket);
    if (created.status !== 200) throw new WrongAnswer(created.text);
    if (versioned) await setVersioning(s3, bucket, 'Enabled');
    const { rounds, kills } = this.#shape;
    for (let round = 0; round < rounds; round++) {
      // So that each round has its part of those that are left.
      const kill = this.#pick(rounds - round) < kills - this.#killed;
      await this.#round(kill);
      await this.#settle();
    }
    return { operations: this.#operations, pieces, keys: keys.length, versioned };
  }

  async #round(kill: boolean): Promise<void> {
    const { clients, operations, rounds } = this.#shape;
    const end = this.#operations.length + Math.ceil(operations / rounds);
    const killAt = kill ? this.#operations.length + this.#pick(Math.ceil(operations / rounds)) : Infinity;
    let ending: Promise<void> | undefined;
    let begun = this.#operations.length;
    const client = async (number: number): Promise<void> => {
      while (ending === undefined && begun < end) {
        begun++;
        const request = this.#chooser.next(this.#pick);
        const answer = await this.#record(number, request, { mayBreak: kill });
        this.#chooser.learn(request, answer);
        // Its own answer is there: those of the others are under way.
        if (this.#operations.length >= killAt) ending ??= this.#kill();
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, number) => client(number)));
    if (kill) ending ??= this.#kill();
    await ending;
  }

  #kill(): Promise<void> {
    this.#killed++;
    return this.#fleet.restart();
  }

  /** By a client of its own, when no other is there. */
  async #settle(): Promise<void> {
    const observer = this.#shape.clients;
    const { versioned, keys } = this.#target;
    const all = keys.map((_, key) => key);
    if (!versioned)
      for (const key of all) await this.#record(observer, { kind: 'parts', key }, { mayBreak: false });
    await this.#record(observer, { kind: 'list', keys: all }, { mayBreak: false, settles: true });
    this.#endOpen();
  }

  async #record(
    client: number,
    request: Request,
    { mayBreak, settles = false }: { mayBreak: boolean; settles?: boolean },
  ): Promise<Answer | undefined> {
    const { server } = this.#fleet;
    const called = this.#position++;
    let answer: Answer | undefined;
    try {
      answer = await ask(server.s3, this.#target, request);
      // Asked to try again: nothing has happened.
      if (answer === undefined) return undefined;
    } catch (error) {
      if (error instanceof WrongAnswer || !mayBreak) throw error;
    }
    const ended = answer === undefined ? Infinity : this.#position++;
    const number = this.#operations.length;
    this.#operations.push({ number, client, request, answer, called, ended, settles });
    return answer;
  }

  /** What was not answered has happened by now, or never will: until now nobody has looked since the server was gone. */
  #endOpen(): void {
    for (const [index, operation] of this.#operations.entries())
      if (operation.ended === Infinity) this.#operations[index] = { ...operation, ended: this.#position };
    this.#position++;
  }
}
