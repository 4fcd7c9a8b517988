/** The `CISTERN_…` variables as a whole: which are settings, and which are slips. */

/** Settings that have no flag, because a command line is no place for a secret. */
export const SECRET_VARIABLES = ['CISTERN_ACCESS_KEY_ID', 'CISTERN_SECRET_ACCESS_KEY', 'CISTERN_USERS'];

/** Settings of other commands. */
const OTHERS = ['CISTERN_CONFIG'];

/** What Kubernetes sets in every pod beside a service named "cistern". */
const SERVICE_LINK = /^CISTERN_(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.*)?)$/;

/** An empty variable is one that is not set: that is how Compose files and unit files leave one out. */
export function emptyVariables(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment).filter((name) => name.startsWith('CISTERN_') && environment[name] === '');
}

/** Variables that look like settings and are none: a slip in one of them would go unnoticed. */
export function unknownVariables(environment: NodeJS.ProcessEnv, known: readonly string[]): string[] {
  return Object.keys(environment).filter(
    (name) =>
      name.startsWith('CISTERN_') && ![...known, ...OTHERS].includes(name) && !SERVICE_LINK.test(name),
  );
}
