/**
 * The log line of an answered request, shaped as pino's. Written out by hand, because it is written for every request
 * and only few of its fields can hold a character that JSON escapes.
 */

export interface Access {
  readonly requestId: string;
  readonly method: string;
  /** As it stands on the request line. Its query is not logged: a presigned URL is a secret while it lasts. */
  readonly target: string;
  readonly operation: string;
  readonly status: number;
  /** S3's code, or our word for a client that has gone. */
  readonly errorCode: string | undefined;
  readonly user: string | undefined;
  /** Bytes of the body, each way. */
  readonly received: number;
  readonly sent: number;
  readonly durationMs: number;
  readonly client: string | undefined;
}

/** More than a bucket and a key of 1,024 escaped bytes take. Nobody needs a key to fill the log with longer ones. */
const PATH_LENGTH_MAX = 4096;

/** pino's number for the level `info`. */
const INFO = 30;

/** What stands in JSON as it is, and in a terminal. */
const PLAIN = /^[ !#-[\]-~]*$/;
const CONTROL = /[\u007f-\u009f]/;
const CONTROLS = /[\u007f-\u009f]/g;

/** JSON leaves these as they are; a terminal that shows the log may take them for the beginning of a command. */
function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`;
  const quoted = JSON.stringify(text);
  if (!CONTROL.test(quoted)) return quoted;
  return quoted.replace(CONTROLS, (sign) => `\\u00${sign.charCodeAt(0).toString(16)}`);
}

export function accessLine(access: Access, nowMs: number): string {
  const { requestId, method, target, operation, status, errorCode, user, received, sent, client } = access;
  const query = target.indexOf('?');
  const path = quote(target.slice(0, Math.min(query === -1 ? Infinity : query, PATH_LENGTH_MAX)));
  const error = errorCode === undefined ? '' : `,"errorCode":"${errorCode}"`;
  const who = user === undefined ? '' : `,"user":${quote(user)}`;
  const where = client === undefined ? '' : `,"client":${quote(client)}`;
  const ms = Math.round(access.durationMs * 1000) / 1000;
  return (
    `{"level":${INFO},"time":${nowMs},"requestId":"${requestId}","method":"${method}","path":${path},` +
    `"operation":"${operation}","status":${status}${error}${who},"received":${received},"sent":${sent},"ms":${ms}${where},` +
    `"msg":"request"}\n`
  );
}
