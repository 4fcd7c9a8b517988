/** The file that tells Ceph's s3-tests where the server is and who its users are. */

/** Not the classic region: its location is told as none, and the suite would have nothing to compare. */
export const REGION = 'eu-west-1';

/** Beside STANDARD. Each one more multiplies the suite's tests of copies. */
const FURTHER_CLASS = 'STANDARD_IA';

export interface SuiteUser {
  readonly name: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Users of the suite, by the section that names them. All are ordinary users: root would see the buckets of the others.
 * The suite insists on users of IAM and tenants too, which only tests of those use.
 */
const SECTIONS = {
  's3 main': 'main',
  's3 alt': 'alt',
  's3 tenant': 'tenant',
  iam: 'iam',
  'iam root': 'iam-root',
  'iam alt root': 'iam-alt-root',
};

/** Who acts for each section. */
export type SuiteUsers = ReadonlyMap<string, SuiteUser>;

/** Those of one process of several: each sees only what its own users have made. */
export function usersOf(share: number): SuiteUsers {
  const users = Object.entries(SECTIONS).map(([section, role]): [string, SuiteUser] => {
    const name = `${role}-${share}`;
    const accessKeyId = `CONFORMANCE-${name.toUpperCase()}`;
    return [section, { name, accessKeyId, secretAccessKey: `conformance-secret-of-${name}` }];
  });
  return new Map(users);
}

/** Two users of a server that runs already, in all sections. @param main as `KEY,SECRET` */
export function givenUsers(main: string, alt: string): SuiteUsers {
  const user = (name: string, pair: string): SuiteUser => {
    const [accessKeyId = '', secretAccessKey = ''] = pair.split(',');
    if (accessKeyId === '' || secretAccessKey === '') throw new Error(`--${name} takes KEY,SECRET`);
    return { name, accessKeyId, secretAccessKey };
  };
  const sections = Object.keys(SECTIONS);
  return new Map(
    sections.map((section) => [section, section === 's3 alt' ? user('alt', alt) : user('main', main)]),
  );
}

export interface SuitePlace {
  readonly endpoint: string;
  readonly region: string;
}

/** @param place its endpoint as `http://host:port` */
export function suiteConfig({ endpoint, region }: SuitePlace, users: SuiteUsers): string {
  const { hostname, port, protocol } = new URL(endpoint);
  const secure = protocol === 'https:';
  const lines = ['[DEFAULT]', `host = ${hostname}`, `port = ${port || (secure ? 443 : 80)}`];
  lines.push(`is_secure = ${secure ? 'True' : 'False'}`, '');
  lines.push('[fixtures]', 'bucket prefix = conformance-{random}-', '');
  for (const [section, { name, accessKeyId, secretAccessKey }] of users) {
    lines.push(
      `[${section}]`,
      `display_name = ${name}`,
      `user_id = ${name}`,
      `email = ${name}@example.com`,
      `access_key = ${accessKeyId}`,
      `secret_key = ${secretAccessKey}`,
      `api_name = ${region}`,
      'tenant = tenant',
      ...(section === 's3 main' ? [`storage_classes = ${FURTHER_CLASS}`] : []),
      '',
    );
  }
  return lines.join('\n');
}
