/** `cp - PLACE` and `cp PLACE -`: one object from standard input, or to standard output. */

import { StoreError } from '@cistern/store';
import type { Cli } from '../command/cli.ts';
import { Failure, usage } from '../failures/failure.ts';
import { isMissingFile } from '../places/missing-file.ts';
import { Progress } from '../terminal/progress.ts';
import { showProgress } from '../terminal/progress-view.ts';
import { toAttributes } from '../values/attributes.ts';
import { guessContentType } from './content-type.ts';
import { resolveSource } from './sources.ts';
import type { TransferFlags } from './transfer-flags.ts';

/** Bytes alone go to standard output. @throws {Failure} */
export async function copyToOutput(
  cli: Cli,
  sources: readonly string[],
  flags: TransferFlags,
): Promise<void> {
  const { signal } = cli;
  const [text = '', ...others] = sources;
  if (others.length > 0 || flags.recursive === true || flags.json === true) {
    throw usage('Standard output takes the bytes of one object', 'cistern cat prints several');
  }
  const source = await resolveSource(await cli.places(), text, { flags, filter: undefined, signal });
  if (source.kind !== 'object')
    throw usage('Standard output takes the bytes of one object', 'cistern cat prints several');
  const { store } = source.open;
  await using read = await store.get(source.object.key, { version: flags.version, signal });
  let isGone = false;
  void cli.out.closed.then(() => (isGone = true));
  for await (const chunk of read.body) {
    await cli.out.bytes(chunk);
    // Whoever has read enough goes away: no failure.
    if (isGone) return;
  }
}

/** @throws {Failure} */
export async function copyFromInput(cli: Cli, destination: string, flags: TransferFlags): Promise<void> {
  const { signal } = cli;
  const places = await cli.places();
  const place = places.parse(destination);
  if (flags.dryRun === true && isMissingFile(place)) return cli.out.line(`copy - -> ${destination}`);
  const to = await places.open(place, flags);
  if (to.isFolder) throw usage(`${destination} is a folder`, 'What is read needs a name: write its key, too');
  const { store, key } = to;
  const isThere = (): Failure =>
    new Failure(`${to.name(key)} is there`, {
      advice: '--overwrite replaces it.',
      cause: new StoreError('AlreadyExists', 'There is an object', { operation: 'put', key }),
    });
  // Said before anything is read, which may be long.
  if (flags.overwrite !== true && (await store.exists(key, { signal }))) throw isThere();
  if (flags.dryRun === true) return cli.out.line(`copy - -> ${to.name(key)}`);
  const progress = new Progress();
  const item = progress.begin('standard input', undefined);
  const view = showProgress(cli, progress, flags);
  const attributes = store.capabilities.attributes
    ? { contentType: guessContentType(key), ...toAttributes(flags) }
    : undefined;
  const mode = flags.overwrite === true || !store.capabilities.create ? 'overwrite' : 'create';
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const chunk of cli.stdin as AsyncIterable<Uint8Array>) {
      yield chunk;
      item.add(chunk.byteLength);
    }
  }
  try {
    const info = await store.put(key, body(), { mode, attributes, signal });
    item.done();
    view.close('Copied');
    if (flags.json === true) {
      const { size, etag, version } = info;
      await cli.out.json({ type: 'copy', source: '-', target: to.name(key), size, etag, version });
    }
  } finally {
    view.close();
  }
}
