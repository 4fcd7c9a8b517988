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

export const SUITE_USERS: readonly SuiteUser[] = Object.values(SECTIONS).map((name) => ({
  name,
  accessKeyId: `CONFORMANCE-${name.toUpperCase()}`,
  secretAccessKey: `conformance-secret-of-${name}`,
}));

/** @param endpoint `http://host:port` */
export function suiteConfig(endpoint: string): string {
  const { hostname, port } = new URL(endpoint);
  const lines = ['[DEFAULT]', `host = ${hostname}`, `port = ${port}`, 'is_secure = False', ''];
  lines.push('[fixtures]', 'bucket prefix = conformance-{random}-', '');
  for (const [index, section] of Object.keys(SECTIONS).entries()) {
    const { name, accessKeyId, secretAccessKey } = SUITE_USERS[index] as SuiteUser;
    lines.push(
      `[${section}]`,
      `display_name = ${name}`,
      `user_id = ${name}`,
      `email = ${name}@example.com`,
      `access_key = ${accessKeyId}`,
      `secret_key = ${secretAccessKey}`,
      `api_name = ${REGION}`,
      'tenant = tenant',
      ...(section === 's3 main' ? [`storage_classes = ${FURTHER_CLASS}`] : []),
      '',
    );
  }
  return lines.join('\n');
}
