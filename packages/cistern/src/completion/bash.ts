/** Completion for bash 4 or newer: a script with all commands and flags in it; only the names of remotes are asked for. */

import { SCHEME_STARTS } from './schemes.ts';
import { allNodes } from './tree.ts';
import type { CommandNode } from './tree.ts';

export function bashScript(root: CommandNode): string {
  const nodes = allNodes(root);
  const steps = nodes.flatMap(({ path, below }) =>
    below.map(
      (one) =>
        `      ${one.names.map((name) => quote(`${path}/${name}`)).join(' | ')}) path=${quote(one.path)} ;;`,
    ),
  );
  const flags = nodes.map(({ path, flags: own }) => {
    const names = own.flatMap(({ short, long }) => [long ?? short]).join(' ');
    return `    ${quote(path)}) words=${quote(names)} ;;`;
  });
  const positional = nodes.map((node) => `    ${quote(node.path)}) ${bashPositional(node)} ;;`);
  return `# Completion of cistern for bash. To load it: source <(cistern completion bash)

# What the value of a flag is: a list of words, <file>, or <any>; fails for what takes none.
_cistern_value() {
  case "$1:$2" in
${valueCases(nodes).join('\n')}
    *) return 1 ;;
  esac
}

_cistern_places() {
  case "$cur" in
    zip:* | sqlite:* | hashed:* | file:*)
      # The word that is replaced begins behind the colon.
      mapfile -t COMPREPLY < <(compgen -f -- "\${cur#*:}")
      compopt -o filenames 2> /dev/null
      ;;
    *:*) ;;
    *)
      mapfile -t COMPREPLY < <(compgen -W "${SCHEME_STARTS.join(' ')} $(cistern completion --remotes 2> /dev/null)" -- "$cur")
      if [[ \${#COMPREPLY[@]} -gt 0 ]]; then
        compopt -o nospace 2> /dev/null
        mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
      else
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames 2> /dev/null
      fi
      ;;
  esac
}

_cistern() {
  local cur prev path='' word words kind line i
  local -a typed
  # Not COMP_WORDS: bash cuts words at colons, and a place has one.
  line=\${COMP_LINE:0:COMP_POINT}
  read -a typed <<< "$line" 2> /dev/null
  [[ $line == *[[:space:]] ]] && typed+=('')
  cur=\${typed[-1]}
  prev=\${typed[-2]:-}
  COMPREPLY=()
  for ((i = 1; i < \${#typed[@]} - 1; i++)); do
    word=\${typed[i]}
    [[ $word == -* ]] && continue
    case "$path/$word" in
${steps.join('\n')}
    esac
  done
  if [[ $cur == --*=* ]]; then
    prev=\${cur%%=*}
    cur=\${cur#*=}
  fi
  if _cistern_value "$path" "$prev"; then
    case "$kind" in
      '<file>')
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        compopt -o filenames 2> /dev/null
        ;;
      '<any>') ;;
      *) mapfile -t COMPREPLY < <(compgen -W "$kind" -- "$cur") ;;
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    case "$path" in
${flags.join('\n')}
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
    return
  fi
  words=''
  case "$path" in
${positional.join('\n')}
  esac
  [[ -z $words ]] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _cistern cistern`;
}

function valueCases(nodes: readonly CommandNode[]): string[] {
  // Commands share most flags: one line for each kind of value.
  const patterns = new Map<string, string[]>();
  for (const { path, flags } of nodes) {
    for (const { short, long, value } of flags) {
      if (value === undefined) continue;
      const kind = typeof value.kind === 'string' ? `<${value.kind}>` : value.kind.join(' ');
      const names = [short, long].flatMap((name) => (name === undefined ? [] : [quote(`${path}:${name}`)]));
      patterns.set(kind, [...(patterns.get(kind) ?? []), ...names]);
    }
  }
  return [...patterns].map(([kind, names]) => `    ${names.join(' | ')}) kind=${quote(kind)} ;;`);
}

function bashPositional({ below, takes, path }: CommandNode): string {
  if (below.length > 0) return `words=${quote(below.map(({ names }) => names[0]).join(' '))}`;
  if (takes === 'places') return '_cistern_places';
  if (takes === 'remotes') return 'words=$(cistern completion --remotes 2> /dev/null | tr -d :)';
  return takes === 'nothing' || path === '' ? ':' : `words=${quote(takes.join(' '))}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\\''`)}'`;
}
