/** `cistern completion`: scripts by which shells complete commands, flags, remotes and files. */

import { Argument, Command, Option } from 'commander';
import type { Cli } from '../command/cli.ts';
import { usage } from '../failures/failure.ts';

interface CompletionFlags {
  /** what the scripts themselves ask for while somebody types */
  readonly remotes?: true;
}

export function command(cli: Cli): Command {
  return new Command('completion')
    .description('Print a script by which a shell completes commands, flags, remotes and files.')
    .addArgument(new Argument('[shell]', 'which shell').choices(['bash', 'zsh', 'fish']))
    .addOption(new Option('--remotes', 'print the names of remotes').hideHelp())
    .addHelpText(
      'after',
      `
Examples:
  source <(cistern completion bash)         in ~/.bashrc
  source <(cistern completion zsh)          in ~/.zshrc, after compinit
  cistern completion fish | source          in ~/.config/fish/config.fish`,
    )
    .action((shell: string | undefined, flags: CompletionFlags) => run(cli, shell, flags));
}

async function run(cli: Cli, shell: string | undefined, flags: CompletionFlags): Promise<void> {
  if (flags.remotes === true) {
    const { readRemotes } = await import('../places/remotes.ts');
    for (const name of readRemotes(cli.env).keys()) await cli.out.line(`${name}:`);
    return;
  }
  const { commandTree } = await import('../completion/tree.ts');
  switch (shell) {
    case 'bash':
      await cli.out.line((await import('../completion/bash.ts')).bashScript(await commandTree(cli)));
      return;
    case 'zsh':
      await cli.out.line((await import('../completion/zsh.ts')).zshScript(await commandTree(cli)));
      return;
    case 'fish':
      await cli.out.line((await import('../completion/fish.ts')).fishScript(await commandTree(cli)));
      return;
    default:
      throw usage('Which shell?', 'cistern completion bash, zsh or fish');
  }
}
