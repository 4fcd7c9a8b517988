/** What S3 and Azure answer against a request: by their code. What only the service itself can add (a bucket's right name) is asked for. */

import type { StoreOperation } from '@cistern/store/errors';
import type { Told } from './explanation.ts';
import { subjectOf } from './facts.ts';
import type { Facts } from './facts.ts';

/** What is known of the service beside its answer. */
export interface ServiceContext {
  /** where the keys of the request come from: `of AWS_ACCESS_KEY_ID` */
  readonly keysFrom?: string | undefined;
  /** the bucket that was probably meant, as a place; only asked when there is none of the name that was given */
  readonly meant?: string | undefined;
}

type Teller = (facts: Facts, context: ServiceContext) => Told;

const SET_CLOCK = 'Set the clock; timedatectl set-ntp true keeps it right where systemd runs.';
/** Services refuse requests that are signed for a time further away than this. */
const CLOCK_MS_MAX = 15 * 60_000;
/** How keys are chosen. */
function otherKeys({ isAzure }: Facts): string {
  return isAzure
    ? 'AZURE_STORAGE_ACCOUNT with AZURE_STORAGE_KEY, or a remote, choose others.'
    : '--profile, AWS_ACCESS_KEY_ID, or a remote choose others; cistern doctor shows which are used.';
}

function keyText({ where }: Facts, { keysFrom }: ServiceContext): string {
  const id = where?.accessKeyId;
  const from = keysFrom === undefined ? '' : ` (${keysFrom})`;
  return id === undefined ? 'Requests that are not signed' : `The key ${id}${from}`;
}

const wrongClock: Teller = ({ where }) => ({
  message: `The clock of this machine is ${offText(where?.clockAheadMs)} ${where?.endpoint ?? 'the service'}'s`,
  advice: SET_CLOCK,
});

const unknownKey: Teller = (facts, context) => ({
  message: `${facts.where?.endpoint ?? 'The service'} does not know the key ${facts.where?.accessKeyId ?? ''}${
    context.keysFrom === undefined ? '' : ` (${context.keysFrom})`
  }`,
  advice: `Check the key, and that it belongs to this service. ${otherKeys(facts)}`,
});

const wrongSecret: Teller = (facts, context) => {
  const ahead = facts.where?.clockAheadMs ?? 0;
  // A clock that is as wrong would be refused by itself by most services, and by some with this answer.
  if (Math.abs(ahead) > CLOCK_MS_MAX) return wrongClock(facts, context);
  return {
    message: `${facts.where?.endpoint ?? 'The service'} refuses the signature: the secret of the key ${facts.where?.accessKeyId ?? ''}${
      context.keysFrom === undefined ? '' : ` (${context.keysFrom})`
    } is not the one it has`,
    advice: `Enter the secret again. If it is right, a proxy may change requests on the way. ${otherKeys(facts)}`,
  };
};

const ended: Teller = (_facts, context) => ({
  message: `The temporary credentials${context.keysFrom === undefined ? '' : ` ${context.keysFrom}`} have ended`,
  advice: 'Get new ones (aws sso login, for example), and run the command again.',
});

/** S3's permission that an operation needs most. */
const ACTION: Partial<Record<StoreOperation, string>> = {
  put: 's3:PutObject',
  copy: 's3:PutObject',
  upload: 's3:PutObject',
  get: 's3:GetObject',
  readInto: 's3:GetObject',
  openUpload: 's3:GetObject',
  list: 's3:ListBucket',
  listUploads: 's3:ListBucketMultipartUploads',
  delete: 's3:DeleteObject',
};

const denied: Teller = (facts, context) => {
  const { error, where, isAzure } = facts;
  const operation = error?.operation;
  const subject = subjectOf(facts) ?? where?.endpoint ?? 'this';
  const action =
    operation === 'list' && where?.bucket === undefined
      ? 's3:ListAllMyBuckets'
      : operation && ACTION[operation];
  const permission = isAzure || action === undefined ? '' : ` (${action})`;
  return {
    message: `${keyText(facts, context)} may not ${operation === 'open' ? 'do this with' : (operation ?? 'use')} ${subject}${permission}`,
    advice: `Ask its owner for the permission, or use another key. ${otherKeys(facts)}`,
  };
};

/** Azure says this of networks that an account is closed to; its emulator of wrong keys. */
const notAuthorized: Teller = (facts, context) => ({
  message: denied(facts, context).message,
  advice: `The key may be wrong, or the account closed to this network. ${otherKeys(facts)}`,
});

const noBucket: Teller = ({ where, isAzure }, { meant }) => {
  const [scheme, word] = isAzure ? ['az', 'container'] : ['s3', 'bucket'];
  const name = `${scheme}://${where?.bucket ?? ''}`;
  return {
    message: `There is no ${word} ${name} at ${where?.endpoint ?? 'this service'}${meant === undefined ? '' : `. Did you mean ${meant}?`}`,
    advice: `cistern mb ${name} makes it; cistern ls ${scheme}:// names those there are.`,
  };
};

const noBucketName: Teller = ({ where }) => ({
  message: `${where?.bucket ?? 'That'} can be no bucket’s name`,
  advice: 'Names have 3 to 63 lower-case letters, digits, dots and hyphens.',
});

const noObject: Teller = (facts) => ({
  message: `There is no ${subjectOf(facts) ?? 'such object'}`,
  advice: 'Keys are told apart by case; cistern ls shows what is there.',
});

const otherRegion: Teller = ({ where }) => ({
  message: `The bucket ${where?.bucket ?? ''} is in another region than requests are signed for`,
  advice: 'Name its region with --region, and its endpoint with --endpoint if it has one of its own.',
});

const archived: Teller = (facts) => ({
  message: `${subjectOf(facts) ?? 'The object'} is archived, and cannot be read as it is`,
  advice:
    'Restore it first (aws s3api restore-object, or az storage blob set-tier): that takes minutes to hours.',
});

const busy: Teller = ({ where }) => ({
  message: `${where?.endpoint ?? 'The service'} asks for fewer requests`,
  advice: 'Try again later; where a command has --concurrency, a lower one helps.',
});

const full: Teller = ({ where }) => ({
  message: `${where?.endpoint ?? 'The service'} has no room left, or a quota is reached`,
  advice: 'Make room there; the same command then goes on.',
});

const notEmpty: Teller = (facts) => ({
  message: `${subjectOf(facts) ?? 'The bucket'} is not empty`,
  advice: 'cistern rm -r empties it; versions and uploads in progress count, too.',
});

const taken: Teller = (facts) => ({
  message: `${subjectOf(facts) ?? 'The bucket'} is there already`,
  advice: 'Names of buckets are shared by all users of a service: it may be somebody else’s.',
});

const BY_CODE: Readonly<Record<string, Teller>> = {
  RequestTimeTooSkewed: wrongClock,
  RequestExpired: wrongClock,
  InvalidAccessKeyId: unknownKey,
  SignatureDoesNotMatch: wrongSecret,
  AuthenticationFailed: wrongSecret,
  ExpiredToken: ended,
  TokenRefreshRequired: ended,
  InvalidToken: ended,
  AccessDenied: denied,
  AllAccessDisabled: denied,
  InsufficientAccountPermissions: denied,
  NoAuthenticationInformation: denied,
  AuthorizationPermissionMismatch: denied,
  AuthorizationFailure: notAuthorized,
  NoSuchBucket: noBucket,
  ContainerNotFound: noBucket,
  InvalidBucketName: noBucketName,
  NoSuchKey: noObject,
  BlobNotFound: noObject,
  PermanentRedirect: otherRegion,
  AuthorizationHeaderMalformed: otherRegion,
  InvalidObjectState: archived,
  BlobArchived: archived,
  SlowDown: busy,
  TooManyRequests: busy,
  RequestLimitExceeded: busy,
  ServerBusy: busy,
  QuotaExceeded: full,
  InsufficientStorage: full,
  XMinioStorageFull: full,
  BucketNotEmpty: notEmpty,
  BucketAlreadyExists: taken,
  BucketAlreadyOwnedByYou: taken,
  ContainerAlreadyExists: taken,
};

/** Answers without a document: those to HEAD. */
const BY_STATUS: Readonly<Record<number, Teller>> = {
  301: otherRegion,
  403: denied,
  404: noObject,
};

/** `undefined`: the service's own words are as good. */
export function explainService(facts: Facts, context: ServiceContext): Told | undefined {
  const { answer } = facts;
  if (answer === undefined) return undefined;
  const tell = isMissingBucket(facts, context)
    ? noBucket
    : (BY_CODE[answer.code] ?? (isMisnamed(facts) ? noBucketName : BY_STATUS[answer.status]));
  return tell?.(facts, context);
}

/** An answer to HEAD says no more than that it will not have it. */
function isMisnamed({ answer, where, isAzure }: Facts): boolean {
  const isBare = answer?.status === 400 && /^(?:400)?$/.test(answer.code);
  return isBare && !isAzure && where?.bucket !== undefined && !/^[a-z0-9.-]{3,63}$/.test(where.bucket);
}

/** Whether the bucket may be what is not there: an answer to HEAD does not say. */
export function mayLackBucket({ answer, where }: Facts): boolean {
  if (where?.bucket === undefined || answer === undefined) return false;
  return (
    ['NoSuchBucket', 'ContainerNotFound'].includes(answer.code) ||
    (answer.status === 404 && /^(?:404)?$/.test(answer.code))
  );
}

function isMissingBucket(facts: Facts, { meant }: ServiceContext): boolean {
  return meant !== undefined && mayLackBucket(facts);
}

/** `3 h 5 min ahead of`; the service's clock before this one's means that this one is behind. */
function offText(clockAheadMs: number | undefined): string {
  if (clockAheadMs === undefined) return 'too far from';
  const minutes = Math.round(Math.abs(clockAheadMs) / 60_000);
  const parts = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  const text = parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`);
  return `${text.join(' ') || 'a moment'} ${clockAheadMs > 0 ? 'behind' : 'ahead of'}`;
}
