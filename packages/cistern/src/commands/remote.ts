/** `cistern remote`: names for places, with how to reach them and the keys for it. */

import { Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { jsonOption } from '../command/options.ts';
import type { OutputFlags } from '../command/options.ts';
import { notFound, usage } from '../failures/failure.ts';
import { nearest } from '../failures/nearest.ts';
import type { Keys, NewRemoteFlags } from '../places/new-remote.ts';
import type { RemoteView } from '../places/remote-view.ts';
import { changeRemotes, readRemotes } from '../places/remotes.ts';
import type { Remote } from '../places/remotes.ts';

interface AddFlags extends NewRemoteFlags {
  readonly check?: true;
  readonly overwrite?: true;
}

export function command(cli: Cli): Command {
  return new Command('remote')
    .description('Name places, with how to reach them and the keys for it.')
    .addCommand(addCommand(cli))
    .addCommand(lsCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(renameCommand(cli))
    .addCommand(rmCommand(cli))
    .addHelpText(
      'after',
      `
Remotes are kept in ~/.config/cistern/remotes.json (CISTERN_CONFIG names another file), for its
owner alone. Keys are kept only if that is asked for: else those of the environment or of a profile
are used.

Examples:
  cistern remote add prod s3:// --endpoint https://minio.example.com --profile work
  cistern ls prod:photos/2026/
  cistern remote ls
  cistern remote rm prod`,
    );
}

function addCommand(cli: Cli): Command {
  return new Command('add')
    .description('Add a remote.')
    .argument('<name>', 'what to call it: NAME:bucket/key is then a place')
    .argument(
      '<url>',
      'what it stands for: s3://, s3://bucket/folder, az://container, a folder, zip:file.zip',
    )
    .option('--endpoint <url>', 'the service, such as http://127.0.0.1:9000')
    .option('--region <name>', 'region that signatures name')
    .addOption(
      new Option('--addressing <style>', 'how a bucket is named').choices(['auto', 'path', 'virtual']),
    )
    .option('--profile <name>', "profile of AWS's shared files that has the keys")
    .option('--credentials-file <file>', 'where that profile is (default: ~/.aws/credentials)')
    .option('--anonymous', 'sign no request: for public buckets')
    .option('--account <name>', "Azure: the storage account's name")
    .option('--access-key-id <id>', 'keep this key; its secret is asked for, or read with --secret-stdin')
    .option('--secret-stdin', 'keep the secret that is the first line of standard input')
    .option('--from-env', 'keep the keys that the environment has now')
    .option('--check', 'contact it first, and add it only if that works')
    .option('--overwrite', 'replace one of this name')
    .addHelpText(
      'after',
      `
A secret is never an argument: other users of this machine could read it. Azure's secret is an
account key, a SAS token or a connection string: cistern sees which.

Examples:
  cistern remote add prod s3:// --endpoint https://minio.example.com --profile work
  cistern remote add prod s3:// --endpoint http://127.0.0.1:9000 --access-key-id AKIA123 --check
  pass show minio | cistern remote add prod s3://photos --access-key-id AKIA123 --secret-stdin
  cistern remote add archive az://backup --account mine --secret-stdin
  cistern remote add data s3://open-data --region us-west-2 --anonymous
  cistern remote add here ./data`,
    )
    .action((name: string, url: string, flags: AddFlags) => add(cli, name, url, flags));
}

function lsCommand(cli: Cli): Command {
  const ls = new Command('ls').description('List remotes, without their secrets.').addHelpText(
    'after',
    `
Examples:
  cistern remote ls
  cistern remote ls --json`,
  );
  return jsonOption(ls).action(async (flags: OutputFlags) => {
    const { viewRemote, keysText } = await import('../places/remote-view.ts');
    const views = [...readRemotes(cli.env).values()].map(viewRemote);
    if (flags.json === true) {
      for (const view of views) await cli.out.json({ type: 'remote', ...view });
      return;
    }
    const rows = views.map((view) => [
      `${view.name}:`,
      view.url,
      view.endpoint ?? '',
      `keys: ${keysText(view.keys)}`,
    ]);
    const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
    const shown = widths.filter((width) => width > 0).length;
    for (const row of rows) {
      const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
      // Without endpoints there is no column of them.
      await cli.out.line(cells.filter((_, column) => column !== 2 || shown === 3).join('  '));
    }
    if (rows.length === 0) cli.warn('there are no remotes: cistern remote add --help says how to add one');
  });
}

function showCommand(cli: Cli): Command {
  const show = new Command('show')
    .description('Show a remote, without its secrets.')
    .argument('<name>', 'the remote')
    .addHelpText(
      'after',
      `
Examples:
  cistern remote show prod
  cistern remote show prod --json`,
    );
  return jsonOption(show).action(async (name: string, flags: OutputFlags) => {
    const { viewRemote, keysText } = await import('../places/remote-view.ts');
    const view: RemoteView = viewRemote(find(readRemotes(cli.env), name));
    if (flags.json === true) {
      await cli.out.json({ type: 'remote', ...view });
      return;
    }
    for (const [field, value] of Object.entries({ ...view, keys: keysText(view.keys) })) {
      if (value !== undefined) await cli.out.line(`${field.padEnd(10)}  ${value}`);
    }
  });
}

function renameCommand(cli: Cli): Command {
  return new Command('rename')
    .description('Give a remote another name.')
    .argument('<name>', 'the remote')
    .argument('<new-name>', 'its name from now on')
    .addHelpText(
      'after',
      `
Examples:
  cistern remote rename prod old-prod`,
    )
    .action(async (name: string, newName: string) => {
      const { checkName } = await import('../places/new-remote.ts');
      checkName(bare(newName));
      await changeRemotes(cli.env, (remotes) => {
        const remote = find(remotes, name);
        refuseSecond(remotes, bare(newName));
        remotes.delete(remote.name);
        remotes.set(bare(newName), { ...remote, name: bare(newName) });
      });
    });
}

function rmCommand(cli: Cli): Command {
  return new Command('rm')
    .description('Forget a remote and its keys. What it stands for stays as it is.')
    .argument('<name>', 'the remote')
    .addHelpText(
      'after',
      `
Examples:
  cistern remote rm prod`,
    )
    .action(async (name: string) => {
      await changeRemotes(cli.env, (remotes) => void remotes.delete(find(remotes, name).name));
    });
}

async function add(cli: Cli, given: string, url: string, flags: AddFlags): Promise<void> {
  const name = bare(given);
  const { toRemote } = await import('../places/new-remote.ts');
  const bareRemote = toRemote(name, url, flags, process.cwd());
  // Told before a secret is asked for.
  if (flags.overwrite !== true) refuseSecond(readRemotes(cli.env), name);
  const remote = { ...bareRemote, ...(await getKeys(cli, bareRemote, flags)) };
  if (flags.check === true) {
    const { checkRemote } = await import('../places/check-remote.ts');
    cli.warn(`${name}: ${await checkRemote(cli, remote)}`);
  }
  await changeRemotes(cli.env, (remotes) => {
    if (flags.overwrite !== true) refuseSecond(remotes, name);
    remotes.set(name, remote);
  });
}

async function getKeys(cli: Cli, { url }: Remote, flags: AddFlags): Promise<Keys> {
  const kind = url.startsWith('az:') ? 'azure' : 's3';
  const { azureKeys, keysOfEnvironment } = await import('../places/new-remote.ts');
  if (flags.fromEnv === true) return keysOfEnvironment(kind, cli.env);
  if (flags.secretStdin !== true && flags.accessKeyId === undefined) return {};
  if (flags.secretStdin !== true && !cli.stdin.isTTY) {
    throw usage('The secret cannot be asked for: there is no terminal', 'Give it with --secret-stdin.');
  }
  const { askSecret } = await import('../terminal/ask-secret.ts');
  if (kind === 'azure') return azureKeys(await askSecret(cli, 'Secret'));
  const { accessKeyId } = flags;
  return { accessKeyId, secretAccessKey: await askSecret(cli, 'Secret access key') };
}

function find(remotes: ReadonlyMap<string, Remote>, given: string): Remote {
  const name = bare(given);
  const found = remotes.get(name);
  if (found !== undefined) return found;
  const meant = nearest(name, remotes.keys());
  throw notFound(
    `There is no remote ${name}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    'cistern remote ls names them all.',
  );
}

function refuseSecond(remotes: ReadonlyMap<string, Remote>, name: string): void {
  if (!remotes.has(name)) return;
  throw usage(
    `There is a remote ${name} already`,
    `cistern remote show ${name} shows it; with --overwrite it is replaced.`,
  );
}

/** As it stands in places, too. */
function bare(name: string): string {
  return name.replace(/:$/, '');
}
