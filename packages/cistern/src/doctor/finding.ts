/** One thing that `cistern doctor` has looked at. */

export interface Finding {
  /** what was looked at: scripts choose by it, so that names stay */
  readonly check: CheckName;
  readonly status: 'ok' | 'warning' | 'problem';
  /** what was found: a sentence without a full stop */
  readonly message: string;
  /** what to do about it */
  readonly advice?: string | undefined;
}

export type CheckName =
  | 'runtime'
  | 'remotes'
  | 'folders'
  | 'disk'
  | 'open-files'
  | 'proxies'
  | 'place'
  | 'credentials'
  | 'name'
  | 'connection'
  | 'certificate'
  | 'answer'
  | 'clock'
  | 'signature'
  | 'bucket'
  | 'write'
  | 'features';

export function ok(check: CheckName, message: string): Finding {
  return { check, status: 'ok', message };
}

export function warning(check: CheckName, message: string, advice?: string): Finding {
  return { check, status: 'warning', message, advice };
}

export function problem(check: CheckName, message: string, advice?: string): Finding {
  return { check, status: 'problem', message, advice };
}
