/** What the plugin wrote, as one result a test. */

export interface TestResult {
  readonly name: string;
  /** Of the suite, where the test is. */
  readonly file: string;
  /** The suite's own, of the test. */
  readonly markers: readonly string[];
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped: one line. */
  readonly message: string;
  /** What the test asked for that is not served: requests answered 501, without the names in them, and signatures. */
  readonly refused: readonly string[];
}

interface Line {
  readonly name: string;
  readonly file: string;
  readonly markers: readonly string[];
  readonly phase: 'setup' | 'call' | 'teardown';
  readonly outcome: TestResult['outcome'];
  readonly message: string;
  readonly refused: readonly string[];
}

/** A test that could not be set up or cleaned up has failed, whatever it said itself. */
export function parseResults(jsonLines: string): readonly TestResult[] {
  const results = new Map<string, TestResult>();
  for (const text of jsonLines.split('\n')) {
    if (text === '') continue;
    const { name, file, markers, phase, outcome, message, refused } = JSON.parse(text) as Line;
    if (results.get(name)?.outcome === 'failed') continue;
    const where = phase === 'call' ? '' : `${phase}: `;
    results.set(name, {
      name,
      file,
      markers,
      outcome,
      message: where + message,
      refused: refused.map(shapeOf),
    });
  }
  return [...results.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** `PUT /some-bucket/key?acl&versionId=3` is `PUT object ?acl&versionId`. */
function shapeOf(request: string): string {
  const [method = '', target = ''] = request.split(' ');
  if (!target.startsWith('/')) return request;
  const { pathname, searchParams } = new URL(target, 'http://suite');
  const depth = pathname.split('/').filter((part) => part !== '').length;
  const resource = ['service', 'bucket'][depth] ?? 'object';
  const parameters = [...searchParams.keys()].filter((name) => !name.startsWith('X-Amz-')).join('&');
  return `${method} ${resource}${parameters === '' ? '' : ` ?${parameters}`}`;
}
