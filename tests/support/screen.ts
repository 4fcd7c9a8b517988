/**
 * @module What a person sees of a terminal: the text on it after the escape sequences that progress views use. Knows those and no
 * others: an unknown one fails the test, which would otherwise look at something that no terminal shows.
 */

const ESCAPE = '\u001B';
/** After the escape: parameters, and what it does. */
const SEQUENCE = /^.\[([?\d;]*)([A-Za-z])/s;

export class Screen {
  readonly columns: number;
  /** from the first line on, those that have scrolled away included */
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #isCursorShown = true;
  #rest = '';

  constructor(columns: number) {
    this.columns = columns;
  }

  get isCursorShown(): boolean {
    return this.#isCursorShown;
  }

  /** Lines without blanks at their ends, and without empty ones at the end. */
  get lines(): string[] {
    const lines = this.#lines.map((line) =>
      Array.from(line, (sign) => sign ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  get text(): string {
    return this.lines.join('\n');
  }

  write(text: string): void {
    let left = this.#rest + text;
    this.#rest = '';
    while (left !== '') {
      if (left.startsWith(ESCAPE)) {
        const [whole, parameters = '', final = ''] = SEQUENCE.exec(left) ?? [];
        if (whole === undefined) {
          if (left.length > 20)
            throw new Error(`An escape sequence that is not known: ${JSON.stringify(left.slice(0, 20))}`);
          this.#rest = left;
          return;
        }
        this.#control(parameters, final);
        left = left.slice(whole.length);
        continue;
      }
      const sign = String.fromCodePoint(left.codePointAt(0) ?? 0);
      this.#put(sign);
      left = left.slice(sign.length);
    }
  }

  #put(sign: string): void {
    if (sign === '\r') this.#column = 0;
    else if (sign === '\n') this.#moveTo(this.#row + 1);
    else if (sign >= ' ') {
      if (this.#column === this.columns) {
        this.#column = 0;
        this.#moveTo(this.#row + 1);
      }
      (this.#lines[this.#row] as string[])[this.#column++] = sign;
    } else throw new Error(`A sign that is not known: ${JSON.stringify(sign)}`);
  }

  #control(parameters: string, final: string): void {
    const count = Number(parameters === '' ? 1 : parameters);
    if (parameters === '?25') this.#isCursorShown = final === 'h';
    else if (parameters === '?2026') return;
    else if (final === 'A') this.#moveTo(Math.max(0, this.#row - count));
    else if (final === 'B') this.#moveTo(this.#row + count);
    else if (final === 'G') this.#column = count - 1;
    else if (final === 'K') this.#erase(parameters);
    else if (final !== 'm') throw new Error(`A sequence that is not known: ${parameters}${final}`);
  }

  #erase(parameters: string): void {
    const line = this.#lines[this.#row] as string[];
    if (parameters === '2') line.length = 0;
    else line.length = Math.min(line.length, this.#column);
  }

  #moveTo(row: number): void {
    this.#row = row;
    while (this.#lines.length <= row) this.#lines.push([]);
  }
}
