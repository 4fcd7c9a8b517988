/**
 * @module A server that does nothing: reads bodies away, answers GET with as many bytes as the path says. What a
 * client reaches against it is a lower bound of what that client can do. Run as a process of its own; prints its port.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const CHUNK = Buffer.alloc(2 ** 20);

function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.method === 'PUT') {
    request.resume();
    request.on('end', () => response.end());
    return;
  }
  if (request.method === 'DELETE') {
    response.writeHead(204).end();
    return;
  }
  const bytes = objectBytes(request.url ?? '');
  response.writeHead(200, { 'content-length': bytes });
  if (request.method === 'HEAD') response.end();
  else if (bytes <= CHUNK.length) response.end(CHUNK.subarray(0, bytes));
  else stream(response, bytes);
}

/** Keys of the benchmark begin with the object's size: /bucket/SIZE/... */
function objectBytes(url: string): number {
  return Number(url.split('/')[2]) || 0;
}

function stream(response: ServerResponse, bytes: number): void {
  let remaining = bytes;
  const more = () => {
    while (remaining > 0) {
      const chunk = remaining < CHUNK.length ? CHUNK.subarray(0, remaining) : CHUNK;
      remaining -= chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

const server = createServer({ keepAliveTimeout: 60_000 }, answer);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Ends with the benchmark, however that ends.
process.stdin.resume().on('end', () => process.exit(0));
