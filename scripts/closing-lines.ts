/** The end of a report of Node's test runner: its counts, with what failed and what was skipped by name. Pure text. */

const COUNT = /^# (?:tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;
const SKIPPED = /^\s*ok \d+ - (.*?) # SKIP ?(.*)$/;

/**
 * @param tap a whole TAP report, as `node --test --test-reporter=tap` writes it.
 * @returns the skipped tests by reason, then the runner's own counts (`# tests 12`, `# pass 12` …).
 */
export function closingLines(tap: string): string {
  const counts: string[] = [];
  const skipped = new Map<string, number>();
  for (const line of tap.split('\n')) {
    if (COUNT.test(line)) counts.push(line);
    const skip = SKIPPED.exec(line);
    if (skip !== null) {
      const reason = skip[2] || `${skip[1]}: no reason given`;
      skipped.set(reason, (skipped.get(reason) ?? 0) + 1);
    }
  }
  const skips = [...skipped].map(([reason, count]) => `skipped ${count}: ${reason}`);
  return ['', ...skips, ...counts].join('\n');
}
