/** @module Rounds of spoiling: many blob files at once, or one change of the catalog or its log; and what was seen of each. */

import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';

import { checkLog } from '../../../packages/server/src/catalog/sqlite/log-check.ts';
import { runFsck } from '../../../packages/server/src/fsck/run-fsck.ts';
import type { FsckReport } from '../../../packages/server/src/fsck/report.ts';
import type { Slice } from '../../proof/proof.ts';
import { seededChoice } from '../seeded.ts';
import { answersOf, questionsOf } from './reader.ts';
import type { Answers, Question } from './reader.ts';
import { changedTables, rowsOf } from './rows.ts';
import { spoilFile, spoilPages } from './spoil.ts';
import { blobFiles } from './store.ts';

type Told = Pick<Slice, 'count' | 'violation'>;

const DATABASE = 'catalog.db';
const LOG = 'catalog.db-wal';

/** Something to spoil copies of: a directory, and what it answers while it is whole. */
export interface Ground {
  readonly directory: string;
  readonly questions: readonly Question[];
  readonly answers: Answers;
  readonly rows: Map<string, string | undefined>;
  /** What it answers without the last commit of its log, if it has one. */
  readonly older: Answers | undefined;
  /** A copy whose catalog is written anew each time. */
  readonly scratch: string;
}

export async function makeGround(directory: string): Promise<Ground> {
  const scratch = mkdtempSync(join(tmpdir(), 'cistern-rot-scratch-'));
  linkBlobs(directory, scratch);
  copyCatalog(directory, scratch);
  const questions = await questionsOf(scratch);
  const answers = await answersOf(scratch, questions);
  const rows = rowsOf(join(scratch, DATABASE));
  const { clean } = await check(scratch, false);
  const refused = [...answers].filter(([, answer]) => answer === undefined).map(([question]) => question);
  if (!clean || refused.length > 0) throw new Error(`the store was not whole: ${refused.join(', ')}`);
  const older = await answersWithoutLastCommit(scratch, questions);
  return { directory, questions, answers, rows, older, scratch };
}

async function answersWithoutLastCommit(
  scratch: string,
  questions: readonly Question[],
): Promise<Answers | undefined> {
  const log = join(scratch, LOG);
  if (!existsSync(log)) return undefined;
  truncateSync(log, endBeforeLastCommit(readFileSync(log)));
  rmSync(`${join(scratch, DATABASE)}-shm`, { force: true });
  return answersOf(scratch, questions);
}

/** Frames of 24 bytes and a page follow a header of 32; a commit says how long the database is. */
function endBeforeLastCommit(log: Buffer): number {
  const frame = 24 + 4096;
  const ends: number[] = [];
  for (let at = 32; at + frame <= log.length; at += frame)
    if (log.readUInt32BE(at + 4) !== 0 && log.compare(log, 16, 24, at + 8, at + 16) === 0)
      ends.push(at + frame);
  return ends.at(-2) ?? 32;
}

export function removeGround({ scratch }: Ground): void {
  rmSync(scratch, { recursive: true, force: true });
}

/** Files are shared with what is whole until they are spoilt. */
function linkBlobs(from: string, to: string): void {
  for (const path of blobFiles(from)) {
    const target = join(to, relative(from, path));
    mkdirSync(dirname(target), { recursive: true });
    linkSync(path, target);
  }
  mkdirSync(join(to, 'tmp'), { recursive: true });
}

function copyCatalog(from: string, to: string): void {
  for (const name of [DATABASE, LOG, `${DATABASE}-shm`]) rmSync(join(to, name), { force: true });
  copyFileSync(join(from, DATABASE), join(to, DATABASE));
  try {
    copyFileSync(join(from, LOG), join(to, LOG));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

function check(dataDir: string, quick: boolean): Promise<FsckReport> {
  const storageClasses = { STANDARD_IA: { directory: null, compression: 'zstd' } } as const;
  return runFsck({ dataDir, live: false, quick, storageClasses });
}

/** Every blob file but some, each in its own way, at once. */
export async function spoilFiles(ground: Ground, seed: string, told: Told): Promise<void> {
  const choose = seededChoice(seed);
  const copy = mkdtempSync(join(tmpdir(), 'cistern-rot-files-'));
  try {
    linkBlobs(ground.directory, copy);
    copyCatalog(ground.directory, copy);
    const files = blobFiles(copy);
    const originals = files.map((path) => readFileSync(path));
    const spoilt = new Map<string, string>();
    for (const [i, path] of files.entries()) {
      if (choose(8) === 0) continue;
      const name = spoilOne(path, {
        original: originals[i] as Buffer,
        other: originals[choose(files.length)] as Buffer,
        choose,
      });
      if (name !== undefined) spoilt.set(relative(copy, path), name);
    }
    await judgeFiles(ground, { copy, spoilt, seed }, told);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function spoilOne(
  path: string,
  { original, other, choose }: { original: Buffer; other: Buffer; choose: ReturnType<typeof seededChoice> },
): string | undefined {
  rmSync(path);
  const which = choose(10);
  if (which === 0) return 'deleted';
  if (which === 1) {
    writeFileSync(path, other);
    return other.equals(original) ? undefined : 'another';
  }
  const { name, bytes } = spoilFile(original, choose);
  writeFileSync(path, bytes);
  return name;
}

async function judgeFiles(
  { answers, questions }: Ground,
  { copy, spoilt, seed }: { copy: string; spoilt: ReadonlyMap<string, string>; seed: string },
  told: Told,
): Promise<void> {
  const now = await answersOf(copy, questions);
  for (const [question, answer] of now) {
    if (answer === undefined) told.count('refused reads');
    else if (answer !== answers.get(question))
      told.violation(`${seed}: ${question} is answered wrong: ${answer}`);
  }
  const report = await check(copy, false);
  const found = new Set(report.problems.map(({ path }) => path));
  for (const [path, name] of spoilt) {
    told.count('corruptions');
    told.count('of files');
    if (found.has(path)) told.count('found by fsck');
    else told.violation(`${seed}: fsck does not find ${path}, ${name}`);
  }
  if (report.problemCount !== spoilt.size)
    told.violation(
      `${seed}: fsck tells of ${report.problemCount} problems, and ${spoilt.size} files are spoilt`,
    );
}

/** One change of the catalog's file, or of its log. */
export async function spoilCatalog(
  ground: Ground,
  seed: string,
  told: Told,
  file: 'database' | 'log',
): Promise<void> {
  const { directory, scratch } = ground;
  const choose = seededChoice(seed);
  copyCatalog(directory, scratch);
  const path = join(scratch, file === 'log' ? LOG : DATABASE);
  const { name, bytes } = spoilPages(readFileSync(path), choose);
  writeFileSync(path, bytes);
  told.count('corruptions');
  told.count(`of the ${file}`);
  const seen = await see(ground, told, `${seed} (${name})`);
  told.count(seen);
}

/** @returns how it was seen, for a count */
async function see(ground: Ground, told: Told, what: string): Promise<string> {
  const { scratch, questions, answers } = ground;
  try {
    checkLog(join(scratch, LOG));
  } catch {
    return 'refused at the start';
  }
  const now = await answersOf(scratch, questions).catch(() => undefined);
  if (now === undefined) return 'refused at the start';
  const wrong = [...now].filter(([question, answer]) => isWrong(answer, answers.get(question)));
  // Of the last transaction SQLite cannot tell whether it was committed: a crash in its midst leaves the same.
  if (wrong.length > 0 && sameAnswers(now, ground.older)) return 'last commit of the log lost';
  const refused = [...now.values()].includes(undefined);
  if (refused && wrong.length === 0) return 'refused by reads';
  const found = refused || (await isFound(scratch, true));
  const tables = found ? [] : changedTables(ground.rows, rowsOf(join(scratch, DATABASE)));
  const seen = found || (tables.length > 0 && (await isFound(scratch, false)));
  for (const [question, answer] of wrong) {
    // A listing, and what is not there, are no bytes: somebody has to notice, and need not be the one who asks.
    const bytes = !question.startsWith('list ') && answer?.startsWith('NoSuch') !== true;
    if (bytes || !seen)
      told.violation(`${what}: ${question} is answered wrong: ${answer}, not ${answers.get(question)}`);
    else told.count('listings that differed, or objects that were not there, found by others');
  }
  if (seen) return refused ? 'refused by reads' : 'found by fsck';
  if (tables.length === 0) return 'changed nothing';
  told.violation(`${what}: rows of ${tables.join(', ')} are others, and nobody tells`);
  return 'unseen';
}

const sameAnswers = (some: Answers, others: Answers | undefined): boolean =>
  others !== undefined && [...some].every(([question, answer]) => answer === others.get(question));

const isWrong = (answer: string | undefined, right: string | undefined): boolean =>
  answer !== undefined && answer !== right;

async function isFound(dataDir: string, quick: boolean): Promise<boolean> {
  return check(dataDir, quick).then(
    ({ clean }) => !clean,
    () => true,
  );
}
