/** Completion for zsh: a script with all commands and flags in it; only the names of remotes are asked for. */

import { SCHEME_STARTS } from './schemes.ts';
import type { CommandNode, FlagNode, Takes } from './tree.ts';

export function zshScript(root: CommandNode): string {
  return `#compdef cistern
# Completion of cistern for zsh. To load it: source <(cistern completion zsh), after compinit; or keep it as a file _cistern in fpath.

_cistern_remotes() {
  local -a remotes
  remotes=(\${(f)"$(cistern completion --remotes 2> /dev/null)"})
  compadd "$@" -- \${remotes%:}
}

_cistern_places() {
  local -a starts
  starts=(${SCHEME_STARTS.join(' ')} \${(f)"$(cistern completion --remotes 2> /dev/null)"})
  compadd -S '' -- $starts
  _files
}

${functionOf(root)}

if [[ $funcstack[1] == _cistern ]]; then
  _cistern "$@"
else
  compdef _cistern cistern
fi`;
}

/** One function for each command that has others below it. */
function functionOf(node: CommandNode): string {
  const { path, below } = node;
  const name = ['_cistern', ...path.split(' ').filter((word) => word !== '')].join('_');
  const described = below.flatMap(({ names, summary }) =>
    names.map((one) => `    ${quote(`${one}:${summary}`)}`),
  );
  const cases = below.map((one) => {
    const names = one.names.join(' | ');
    const act =
      one.below.length > 0
        ? `${name}_${one.names[0]}`
        : ['_arguments -s', ...specsOf(one)].join(' \\\n          ');
    return `        ${names})\n          ${act}\n          ;;`;
  });
  const own = `${name}() {
  local curcontext=$curcontext state line
  local -a commands
  commands=(
${described.join('\n')}
  )
  _arguments -C ${node.flags.flatMap(flagSpecs).join(' ')} '1:command:->command' '*::argument:->rest'
  case $state in
    command)
      _describe -t commands command commands
      ;;
    rest)
      case $words[1] in
${cases.join('\n')}
      esac
      ;;
  esac
}`;
  return [...below.filter((one) => one.below.length > 0).map(functionOf), own].join('\n\n');
}

function specsOf({ flags, takes }: CommandNode): string[] {
  const action = actionOf(takes);
  return [...flags.flatMap(flagSpecs), ...(action === undefined ? [] : [quote(`*:${action}`)])];
}

function actionOf(takes: Takes): string | undefined {
  if (takes === 'nothing') return undefined;
  if (takes === 'places') return 'place:_cistern_places';
  if (takes === 'remotes') return 'remote:_cistern_remotes';
  return `word:(${takes.join(' ')})`;
}

/** A flag can be given again: some count, or add to a list. */
function flagSpecs({ short, long, description, value }: FlagNode): string[] {
  const text = `[${escape(description)}]`;
  if (value === undefined) {
    return [short, long].flatMap((name) => (name === undefined ? [] : [quote(`*${name}${text}`)]));
  }
  const kind = value.kind === 'file' ? '_files' : value.kind === 'any' ? ' ' : `(${value.kind.join(' ')})`;
  const rest = `${text}:${escape(value.name)}:${kind}`;
  return [
    ...(short === undefined ? [] : [quote(`*${short}+${rest}`)]),
    ...(long === undefined ? [] : [quote(`*${long}=${rest}`)]),
  ];
}

/** Of what has a meaning in specifications of `_arguments`. */
function escape(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, String.raw`\$&`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
