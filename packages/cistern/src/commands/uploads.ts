/** `cistern uploads`: what is being uploaded, or was begun and left. */

import { stat } from 'node:fs/promises';
import { Command } from 'commander';
import type { Cli } from '../command/cli.ts';
import { jsonOption, literalOption, placeOptions, progressOptions } from '../command/options.ts';
import type { LiteralFlag, OutputFlags, ProgressFlags, ReachFlags } from '../command/options.ts';
import { Failure, interrupted, notFound, usage } from '../failures/failure.ts';
import { report } from '../failures/report.ts';
import { expand } from '../select/expand.ts';
import type { Selection } from '../select/expand.ts';
import { escapeGlob, globSource, literalStart } from '../select/glob.ts';
import { printable } from '../terminal/printable.ts';
import { formatTime } from '../terminal/sizes.ts';
import type { OpenUpload } from '../uploads/find-uploads.ts';
import { parseMoment } from '../values/moment.ts';

interface ListFlags extends OutputFlags, ReachFlags, LiteralFlag {
  readonly long?: true;
}

interface AbortFlags extends OutputFlags, ReachFlags, LiteralFlag {
  readonly id?: string;
  readonly olderThan?: string;
  readonly all?: true;
  readonly dryRun?: true;
}

interface ResumeFlags extends ProgressFlags, OutputFlags, ReachFlags, LiteralFlag {
  readonly id?: string;
  readonly overwrite?: true;
}

export function command(cli: Cli): Command {
  const uploads = new Command('uploads').description(
    'Uploads in progress, and those that were begun and left: live ones, which can be read meanwhile,\n' +
      'and plain parts on any S3 service.',
  );
  const ls = new Command('ls')
    .description('List them: when they began, their ids and places.')
    .argument('<place>', 'a bucket, a folder, an object, or a pattern')
    .option('-l, --long', 'how many bytes of each are stored');
  const abort = new Command('abort')
    .description('Remove them with their bytes. Whoever writes to one fails.')
    .argument('<place>', 'an object; a folder or a pattern with --older-than or --all')
    .option('--id <id>', 'which one, where an object has several')
    .option('--older-than <when>', 'those that began before: an age (7d) or a date')
    .option('--all', 'all of them')
    .option('-n, --dry-run', 'say what would be removed, and remove nothing');
  const resume = new Command('resume')
    .description('Go on with one from a file, after what is stored was compared with it.')
    .argument('<place>', 'an object')
    .argument('<file>', 'the whole file that was being uploaded')
    .option('--id <id>', 'which one, where an object has several')
    .option('--overwrite', 'replace an object that is there');
  ls.action((place: string, flags: ListFlags) => list(cli, place, flags));
  abort.action((place: string, flags: AbortFlags) => abortThem(cli, place, flags));
  resume.action((place: string, file: string, flags: ResumeFlags) => resumeOne(cli, place, file, flags));
  progressOptions(resume);
  for (const one of [ls, abort, resume]) uploads.addCommand(jsonOption(placeOptions(literalOption(one))));
  return uploads.addHelpText(
    'after',
    `
Examples:
  cistern uploads ls -l s3://films
  cistern uploads abort s3://films/cut.mov
  cistern uploads abort prod:films --older-than 7d --dry-run
  cistern uploads resume s3://films/cut.mov ./cut.mov`,
  );
}

interface Named {
  readonly selection: Selection;
  readonly uploads: readonly OpenUpload[];
  /** of a key, as it can be named again */
  readonly name: (key: string) => string;
}

async function find(cli: Cli, text: string, flags: ReachFlags & LiteralFlag): Promise<Named> {
  const selection = await expand(await cli.places(), text, flags);
  const { opened, key, isFolder, pattern } = selection;
  const { findUploads } = await import('../uploads/find-uploads.ts');
  const prefix = pattern === undefined ? key : key + literalStart(pattern);
  const expression =
    pattern === undefined ? undefined : new RegExp(`^(?:${globSource(pattern)})(?:/|$)`, 'su');
  const isMeant = (one: string): boolean => {
    if (expression !== undefined) return expression.test(one.slice(key.length));
    return isFolder || one === key || one.startsWith(`${key}/`);
  };
  const all = await findUploads(opened.store, { prefix, signal: cli.signal });
  return {
    selection,
    uploads: all.filter((one) => isMeant(one.key)),
    name: (one) => opened.name(flags.literal === true ? one : escapeGlob(one)),
  };
}

async function list(cli: Cli, text: string, flags: ListFlags): Promise<void> {
  const { selection, uploads, name } = await find(cli, text, flags);
  const { committedOf } = await import('../uploads/find-uploads.ts');
  const { signal } = cli;
  for (const one of uploads) {
    const committed =
      flags.long === true ? await committedOf(selection.opened.store, one, { signal }) : undefined;
    const { key, id, startedAt, isLive } = one;
    const place = name(key);
    const shown = cli.out.isTerminal ? printable(place) : place;
    const columns = [
      formatTime(startedAt),
      ...(flags.long === true ? [String(committed ?? '-').padStart(12)] : []),
    ];
    await (flags.json === true
      ? cli.out.json({
          type: 'upload',
          place,
          key,
          id,
          startedAt: startedAt.toISOString(),
          isLive,
          committed,
        })
      : cli.out.line([...columns, id, shown].join('  ')));
    if (cli.out.isClosed) return;
  }
}

async function abortThem(cli: Cli, text: string, flags: AbortFlags): Promise<void> {
  const before =
    flags.olderThan === undefined ? undefined : parseMoment('--older-than', flags.olderThan, Date.now());
  const named = await find(cli, text, flags);
  const { selection, name } = named;
  const { opened, key, isFolder, pattern } = selection;
  const isWide = flags.all === true || before !== undefined;
  if (!isWide && flags.id === undefined && (isFolder || pattern !== undefined)) {
    throw usage(
      `${text} may have many uploads`,
      'Say which: --older-than 7d, or --all. --dry-run shows them.',
    );
  }
  const chosen = isWide
    ? named.uploads.filter(({ startedAt }) => before === undefined || startedAt.getTime() < before)
    : [
        chooseOne(
          named.uploads.filter((one) => isFolder || one.key === key),
          text,
          flags.id,
          '--all takes all',
        ),
      ];
  const { abortUpload } = await import('../uploads/find-uploads.ts');
  for (const one of chosen) {
    if (flags.id !== undefined && one.id !== flags.id) continue;
    const place = name(one.key);
    try {
      if (flags.dryRun !== true) await abortUpload(opened.store, one, place, { signal: cli.signal });
    } catch (error) {
      await report(cli, error);
      continue;
    }
    const type = flags.dryRun === true ? 'would abort' : 'aborted';
    await (flags.json === true
      ? cli.out.json({ type, place, key: one.key, id: one.id })
      : cli.out.line(`${type}  ${one.id}  ${cli.out.isTerminal ? printable(place) : place}`));
    if (cli.signal.aborted) return;
  }
}

function chooseOne(
  uploads: readonly OpenUpload[],
  text: string,
  id: string | undefined,
  others: string,
): OpenUpload {
  const fitting = id === undefined ? uploads : uploads.filter((one) => one.id === id);
  const [one, more] = fitting;
  if (one === undefined) {
    throw notFound(`There is no upload${id === undefined ? '' : ` ${id}`} of ${text} in progress`);
  }
  if (more === undefined) return one;
  const ids = fitting.map((each) => `${each.id} of ${formatTime(each.startedAt)}`).join(', ');
  throw usage(`${text} has ${fitting.length} uploads: ${ids}`, `Say which: --id ${one.id}; ${others}.`);
}

async function resumeOne(cli: Cli, text: string, path: string, flags: ResumeFlags): Promise<void> {
  const { selection, uploads, name } = await find(cli, text, flags);
  const { opened, key } = selection;
  const own = uploads.filter((one) => one.key === key);
  const upload = chooseOne(own, text, flags.id, 'the last is the newest');
  const file = await stat(path).catch((cause: unknown) => {
    throw notFound(`${path} cannot be read: ${(cause as Error).message}`);
  });
  if (!file.isFile()) throw usage(`${path} is no file`);
  const { store } = opened;
  const place = name(key);
  const isThere = (): Failure =>
    new Failure(`${place} is there already`, { advice: '--overwrite replaces it.' });
  // Refused before all of it has been sent, and not only then.
  if (flags.overwrite !== true && (await store.exists(key, { signal: cli.signal }))) throw isThere();
  const [{ Progress }, { showProgress }, { resumeUpload }] = await Promise.all([
    import('../terminal/progress.ts'),
    import('../terminal/progress-view.ts'),
    import('../uploads/resume-upload.ts'),
  ]);
  const progress = new Progress();
  progress.total(1, file.size, true);
  const item = progress.begin(place, file.size);
  const view = showProgress(cli, progress, flags);
  try {
    const info = await resumeUpload(
      store,
      upload,
      { path, size: file.size },
      {
        mode: flags.overwrite === true || !store.capabilities.create ? 'overwrite' : 'create',
        signal: cli.signal,
        onBytes: (bytes, isResumed) => item.add(bytes, isResumed),
      },
    );
    item.done();
    view.close('Uploaded');
    if (flags.json === true) {
      const { size, etag, lastModified, version } = info;
      await cli.out.json({
        type: 'object',
        place,
        key,
        size,
        lastModified: lastModified.toISOString(),
        etag,
        version,
      });
    }
  } catch (error) {
    item.fail();
    view.close();
    if (!cli.signal.aborted) throw error;
    throw interrupted(`Stopped: what was sent of ${place} is kept`, 'The same command goes on.');
  }
}
