/** Completion for fish 3 or newer: a script with all commands and flags in it; only the names of remotes are asked for. */

import { SCHEME_STARTS } from './schemes.ts';
import { allNodes } from './tree.ts';
import type { CommandNode, FlagNode } from './tree.ts';

export function fishScript(root: CommandNode): string {
  const lines = allNodes(root).flatMap(linesOf);
  return `# Completion of cistern for fish. To load it: cistern completion fish | source

# Whether the words so far begin with this command: __cistern_at remote add.
function __cistern_at
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    test (count $words) -ge (count $argv); or return 1
    test (count $argv) -eq 0; and return 0
    test "$words[1..$(count $argv)]" = "$argv"
end

# Whether they are this command and nothing more.
function __cistern_only
    __cistern_at $argv; or return 1
    set -l words
    for word in (commandline -opc)[2..-1]
        string match -q -- '-*' $word; or set -a words $word
    end
    test (count $words) -eq (count $argv)
end

function __cistern_places
    printf '%s\\n' ${SCHEME_STARTS.join(' ')}
    cistern completion --remotes 2>/dev/null
    __fish_complete_path (commandline -ct)
end

function __cistern_remotes
    cistern completion --remotes 2>/dev/null | string trim -c :
end

complete -c cistern -e
complete -c cistern -f
${lines.join('\n')}`;
}

function linesOf({ path, names, flags, below, takes }: CommandNode): string[] {
  const conditions =
    path === '' ? ['__cistern_only'] : withAliases(path, names).map((one) => `__cistern_at ${one}`);
  return conditions.flatMap((condition) => {
    const at = `complete -c cistern -n ${quote(condition)}`;
    const only = `complete -c cistern -n ${quote(condition.replace('__cistern_at', '__cistern_only'))}`;
    return [
      ...below.map((one) => `${only} -a ${quote(one.names.join(' '))} -d ${quote(one.summary)}`),
      ...flags.map((flag) => `${at} ${flagOf(flag)}`),
      ...(below.length > 0 || takes === 'nothing' ? [] : [`${at} -a ${quote(wordsOf(takes))}`]),
    ];
  });
}

function withAliases(path: string, names: readonly string[]): string[] {
  const above = path.split(' ').slice(0, -1);
  return names.map((name) => [...above, name].join(' '));
}

function wordsOf(takes: CommandNode['takes']): string {
  if (takes === 'places') return '(__cistern_places)';
  if (takes === 'remotes') return '(__cistern_remotes)';
  return typeof takes === 'string' ? '' : takes.join(' ');
}

function flagOf({ short, long, description, value }: FlagNode): string {
  const names = [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
  ];
  const kind = value?.kind;
  const takes =
    kind === undefined
      ? []
      : kind === 'file'
        ? ['-r -F']
        : kind === 'any'
          ? ['-x']
          : [`-x -a ${quote(kind.join(' '))}`];
  return [...names, ...takes, `-d ${quote(description)}`].join(' ');
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/g, String.raw`\$&`)}'`;
}
