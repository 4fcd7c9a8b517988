/**
 * @module A self-signed certificate for 127.0.0.1, made in memory for one run: no key is ever stored.
 *
 * X.509 version 3 with an ECDSA P-256 key, written as DER by hand (RFC 5280, RFC 5480), since Node reads certificates but
 * does not make them. It is for tests only: nothing in it is checked but what a TLS client asks for.
 */

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const SEQUENCE = 0x30;
const SET = 0x31;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const BOOLEAN_TRUE = Buffer.from([0x01, 0x01, 0xff]);
const EXPLICIT_0 = 0xa0;
const EXPLICIT_3 = 0xa3;
/** GeneralName choices: an address of bytes, a name of the DNS. */
const IP_ADDRESS = 0x87;
const DNS_NAME = 0x82;

const ECDSA_WITH_SHA256 = '2a8648ce3d040302';
const COMMON_NAME = '550403';
const BASIC_CONSTRAINTS = '551d13';
const SUBJECT_ALTERNATIVE_NAME = '551d11';

const DAY_MS = 86_400_000;

function element(tag: number, ...contents: Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  const { length } = body;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), body]);
}

function identifier(hex: string): Buffer {
  return element(OBJECT_IDENTIFIER, Buffer.from(hex, 'hex'));
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return element(UTC_TIME, Buffer.from(digits.slice(2)));
}

function bits(bytes: Buffer): Buffer {
  return element(BIT_STRING, Buffer.from([0]), bytes);
}

/** Both as PEM. The certificate is its own authority: give it to clients as the one that they trust. */
export function makeCertificate(): { cert: string; key: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = element(SEQUENCE, identifier(ECDSA_WITH_SHA256));
  const commonName = element(
    SEQUENCE,
    identifier(COMMON_NAME),
    element(UTF8_STRING, Buffer.from('cistern test')),
  );
  const name = element(SEQUENCE, element(SET, commonName));
  const serial = Buffer.concat([Buffer.from([0x01]), randomBytes(8)]);
  const names = element(
    SEQUENCE,
    element(IP_ADDRESS, Buffer.from([127, 0, 0, 1])),
    element(DNS_NAME, Buffer.from('localhost')),
  );
  const authority = element(SEQUENCE, BOOLEAN_TRUE);
  const extensions = element(
    SEQUENCE,
    element(SEQUENCE, identifier(BASIC_CONSTRAINTS), BOOLEAN_TRUE, element(OCTET_STRING, authority)),
    element(SEQUENCE, identifier(SUBJECT_ALTERNATIVE_NAME), element(OCTET_STRING, names)),
  );
  const toBeSigned = element(
    SEQUENCE,
    element(EXPLICIT_0, element(INTEGER, Buffer.from([2]))),
    element(INTEGER, serial),
    algorithm,
    name,
    element(SEQUENCE, time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    element(EXPLICIT_3, extensions),
  );
  const certificate = element(SEQUENCE, toBeSigned, algorithm, bits(sign('sha256', toBeSigned, privateKey)));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}
