// Reads an object while it is still being written, with the AWS SDK. Described in docs/live-uploads.md.
import { setTimeout as delay } from 'node:timers/promises';
import { PassThrough } from 'node:stream';
import {
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { startServer } from 'cistern';

const server = await startServer({ buckets: ['logs'], livePartBytes: 64 * 1024 });
const { endpoint, region, credentials } = server;
// Of a body of unknown length the SDK cannot send a checksum.
const requestChecksumCalculation = 'WHEN_REQUIRED';
const s3 = new S3Client({ endpoint, region, credentials, forcePathStyle: true, requestChecksumCalculation });
const object = { Bucket: 'logs', Key: 'day.log' };

/** The command with a header, and maybe a parameter, that the SDK does not know. */
function extended(command, headers, query = {}) {
  const extend = (next) => (args) => {
    Object.assign(args.request.headers, headers);
    Object.assign(args.request.query, query);
    return next(args);
  };
  command.middlewareStack.add(extend, { step: 'build' });
  return command;
}

// One writes, for as long as it takes.
const lines = new PassThrough();
const put = extended(new PutObjectCommand({ ...object, Body: lines }), { 'x-cistern-live': 'true' });
const written = s3.send(put);
lines.write('first\n'.repeat(20_000));

// Another one finds the upload by its key, and follows it.
let upload;
while (upload === undefined) {
  const { Uploads = [] } = await s3.send(
    new ListMultipartUploadsCommand({ Bucket: 'logs', Prefix: object.Key }),
  );
  upload = Uploads.findLast(({ Key }) => Key === object.Key);
  if (upload === undefined) await delay(100);
}
const get = extended(
  new GetObjectCommand(object),
  { 'x-cistern-follow': 'true' },
  { 'cistern-upload': upload.UploadId },
);
let read = 0;
for await (const bytes of (await s3.send(get)).Body) {
  // The first bytes are here before the writer has written the last ones.
  if (read === 0) lines.end('last\n');
  read += bytes.length;
}
console.log(`${read} bytes`); // 120005 bytes
console.log((await written).ETag);
await server.close();
