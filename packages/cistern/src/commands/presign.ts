/** `cistern presign`: URLs with which anyone can do one thing to one object, for a time. */

import { Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { jsonOption, placeOptions } from '../command/options.ts';
import type { OutputFlags, ReachFlags } from '../command/options.ts';
import { usage } from '../failures/failure.ts';
import { parseDuration } from '../values/duration.ts';

interface PresignFlags extends OutputFlags, ReachFlags {
  readonly expires: string;
  readonly method: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
  readonly contentType?: string;
}

export function command(cli: Cli): Command {
  const presign = new Command('presign')
    .description('Print a URL with which anyone can read (or write) an object until it expires.')
    .argument('<place...>', 'objects; that they are there is not looked at')
    .option('--expires <time>', 'for how long, such as 15m, 12h; 7d at most on S3', '1h')
    .addOption(
      new Option('--method <name>', 'what can be done with it')
        .choices(['GET', 'PUT', 'HEAD', 'DELETE'])
        .default('GET'),
    )
    .option('--content-type <type>', 'with PUT: the type that must be sent with it')
    .addHelpText(
      'after',
      `
Whoever has the URL can use it. It ends sooner where the keys do: temporary ones, or keys removed.

Examples:
  cistern presign s3://photos/2026/a.jpg
  cistern presign s3://photos/2026/a.jpg --expires 7d
  curl -T report.pdf "$(cistern presign s3://inbox/report.pdf --method PUT --expires 15m)"`,
    );
  jsonOption(placeOptions(presign));
  return presign.action((texts: string[], flags: PresignFlags) => run(cli, texts, flags));
}

async function run(cli: Cli, texts: readonly string[], flags: PresignFlags): Promise<void> {
  const { method, contentType } = flags;
  const expiresMs = parseDuration('--expires', flags.expires);
  if (contentType !== undefined && method !== 'PUT') throw usage('--content-type goes with --method PUT');
  const places = await cli.places();
  for (const text of texts) {
    const opened = await places.open(text, flags);
    const { store, key, isFolder } = opened;
    if (isFolder) throw usage(`${text} is a folder`, 'A URL is of one object: name it.');
    if (!store.capabilities.presign) {
      throw usage(
        `${text} has no URL that others could use`,
        'Objects of s3:// and az:// have, and of remotes of these.',
      );
    }
    const expiresAt = new Date(Date.now() + expiresMs);
    const url = await store.presign(key, { method, contentType, expiresS: expiresMs / 1000 });
    if (flags.json === true) {
      await cli.out.json({
        type: 'url',
        name: opened.name(key),
        method,
        expiresAt: expiresAt.toISOString(),
        url,
      });
    } else await cli.out.line(url);
  }
}
