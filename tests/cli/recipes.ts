/**
 * @module `docs/recipes.md` as text: its recipes, their commands, and what each is to print. What differs from run to run is told by
 * the patterns below, and by nothing else.
 */

export interface Step {
  /** as in the page, continuation lines and all */
  readonly command: string;
  /** what the page says that it prints, without the line end of its last line */
  readonly prints: string;
  /** line of the page, from 1 on */
  readonly line: number;
}

export interface Recipe {
  readonly title: string;
  /** a script that makes what the recipe takes for granted: a comment of the page that begins with `before` */
  readonly before: string;
  readonly steps: readonly Step[];
}

/** @throws {Error} naming a block that nobody could run */
export function parseRecipes(page: string): Recipe[] {
  const lines = page.split('\n');
  const recipes: { title: string; before: string; steps: Step[] }[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const recipe = recipes.at(-1);
    if (line.startsWith('## ')) {
      recipes.push({ title: line.slice(3), before: '', steps: [] });
    } else if (line === '<!-- before') {
      const end = lines.indexOf('-->', at);
      if (recipe === undefined || end < 0) throw new Error(`line ${at + 1}: a set-up of no recipe`);
      recipe.before = lines.slice(at + 1, end).join('\n');
      at = end;
    } else if (line.startsWith('```')) {
      const end = lines.indexOf('```', at + 1);
      if (recipe === undefined || line !== '```console' || end < 0) {
        throw new Error(
          `line ${at + 1}: only blocks of \`console\`, below the heading of a recipe, can be run`,
        );
      }
      recipe.steps.push(...parseBlock(lines.slice(at + 1, end), at + 2));
      at = end;
    }
  }
  const empty = recipes.find(({ steps }) => steps.length === 0);
  if (empty !== undefined) throw new Error(`“${empty.title}” has no command`);
  return recipes;
}

/** The end of a line that is only the beginning of a command. */
const GOES_ON = /(?:\\|&&|\|)$/;

function parseBlock(lines: readonly string[], first: number): Step[] {
  const steps: { command: string; prints: string[]; line: number }[] = [];
  for (const [index, text] of lines.entries()) {
    const step = steps.at(-1);
    if (text.startsWith('$ ')) steps.push({ command: text.slice(2), prints: [], line: first + index });
    else if (step === undefined) throw new Error(`line ${first + index}: a block begins with a command`);
    else if (GOES_ON.test(step.command) && step.prints.length === 0) step.command += `\n${text}`;
    else step.prints.push(text);
  }
  return steps.map((step) => ({ ...step, prints: step.prints.join('\n') }));
}

/** Ids of versions and uploads: those of the page stand for those of the run. */
export const ID = /\b[uv][0-9a-v]{11}\b/g;

/** What no two runs have in common. Widths of columns do not depend on it. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b/g, '<time>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>'],
  [/(?<=\bin )(?:[\d.]+ min )?[\d.]+ (?:s|min)(?: \([\d.]+ (?:[KMG]i)?B\/s\))?/g, '<duration>'],
  [/(?<=X-Amz-Credential=\w+)%2F\d{8}(?=%2F)/g, '%2F<day>'],
  [/(?<=X-Amz-Date=)\d{8}T\d{6}Z/g, '<time>'],
  [/(?<=X-Amz-Signature=)[0-9a-f]{64}/g, '<signature>'],
  [/(?<=; )[\d.]+ [KM]iB (?=of it in an earlier run)/g, '<size> '],
  [/(?<=^(?:put|head|get|list|delete) ).*$/gm, '<figures>'],
];

/**
 * Compares what a command printed with the page.
 *
 * @param ids of the page, with those of this run; added to
 * @returns both, without what differs from run to run: the same if the page is right
 */
export function compare(page: string, printed: string, ids: Map<string, string>): [string, string] {
  const here = [...printed.matchAll(ID)];
  for (const [index, [id]] of [...page.matchAll(ID)].entries()) {
    const actual = here[index]?.[0];
    if (actual !== undefined && !ids.has(id)) ids.set(id, actual);
  }
  return [withoutChance(page.replace(ID, (id) => ids.get(id) ?? id)), withoutChance(printed)];
}

function withoutChance(text: string): string {
  return PATTERNS.reduce((rest, [pattern, name]) => rest.replace(pattern, name), text);
}
