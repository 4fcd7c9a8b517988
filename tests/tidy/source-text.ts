/**
 * What can be read off the text of a source file without parsing it: its comments blanked, and the modules it names.
 * It knows strings and comments, but not regular expressions: a quote in one ends at the line's end at the latest.
 */

const STRING_OR_COMMENT =
  /('(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|(?<!\\)\/\/[^\n]*/g;

const MODULE_NAMES = [
  /^[ \t]*(?:import|export)\s[^'"`;]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"$]+)['"]/g,
  /\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/g,
];
/** Worker entries and files read at run time; both forms are relative to the file that says them. */
const FILE_NAMES = [
  /\bnew URL\(\s*['"](\.[^'"]+)['"],\s*import\.meta\.url/g,
  /\bsiblingModule\(\s*import\.meta\.url,\s*['"](\.[^'"]+)['"]/g,
];

/** @returns the text with every comment replaced by a space. */
export function withoutComments(text: string): string {
  return text.replace(STRING_OR_COMMENT, (_, string: string | undefined) => string ?? ' ');
}

/** @returns the names in import and export statements and in `import()`, as written. */
export function importedModules(text: string): readonly string[] {
  return allMatches(withoutComments(text), MODULE_NAMES);
}

/** @returns the relative names of files that are started or read at run time, as written. */
export function namedFiles(text: string): readonly string[] {
  return allMatches(withoutComments(text), FILE_NAMES);
}

function allMatches(code: string, patterns: readonly RegExp[]): readonly string[] {
  return patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''));
}

/** @returns the package of a module name: `@scope/name` or `name`; undefined for relative names and Node's own. */
export function packageOf(module: string): string | undefined {
  if (module.startsWith('.') || module.startsWith('node:') || module.startsWith('#')) return undefined;
  const parts = module.split('/');
  return module.startsWith('@') ? parts.slice(0, 2).join('/') : parts[0];
}
