/** Connections that could not be made, or broke: by the code of the system or of the HTTP client. */

import type { Told } from './explanation.ts';
import type { Facts } from './facts.ts';

type Teller = (endpoint: string, facts: Facts) => Told;

const WHERE_ENDPOINTS = 'It comes from --endpoint, AWS_ENDPOINT_URL, a profile or a remote.';

const refused: Teller = (endpoint) => ({
  message: `Nothing listens at ${endpoint}`,
  advice: isLoopback(endpoint)
    ? 'Is the server running, and is this its port? cistern serve starts one.'
    : `Check the address and its port, and whether the service runs. ${WHERE_ENDPOINTS}`,
});

const unknownHost: Teller = (endpoint, { hostname }) => ({
  message: `There is no host ${hostname ?? new URL(endpoint).hostname} (asked for ${endpoint})`,
  advice: `Check the spelling of the address, and the network. ${WHERE_ENDPOINTS}`,
});

const silent: Teller = (endpoint) => ({
  message: `${endpoint} does not answer`,
  advice: 'Check the address, the network (a VPN?) and firewalls on the way; cistern doctor looks closer.',
});

const broken: Teller = (endpoint) => ({
  message: `${endpoint} broke the connection`,
  advice: endpoint.startsWith('http:')
    ? 'Try again; if it happens at once, the service may expect https:.'
    : 'Try again; if it happens at once, look at the service, and at proxies on the way.',
});

const noTls: Teller = (endpoint) => ({
  message: `${endpoint} does not speak TLS`,
  advice: `If the service has none, write ${endpoint.replace(/^https:/, 'http:')}.`,
});

const untrusted: Teller = (endpoint, { systemCode }) => ({
  message: `The certificate of ${endpoint} is not trusted (${systemCode})`,
  advice: "If it is your own, name your authority's certificate: NODE_EXTRA_CA_CERTS=/path/to/ca.pem.",
});

const expired: Teller = (endpoint) => ({
  message: `The certificate of ${endpoint} is not valid at this time`,
  advice: 'Check the clock of this machine; else the service must renew it.',
});

const otherName: Teller = (endpoint) => ({
  message: `The certificate of ${endpoint} is for another name`,
  advice:
    'Name the service as its certificate does; where the bucket is part of the name, --addressing path helps.',
});

const noHttp: Teller = (endpoint) => ({
  message: `What answers at ${endpoint} does not speak HTTP`,
  advice: `Check the port; if it speaks TLS, write ${endpoint.replace(/^http:/, 'https:')}.`,
});

const BY_CODE: Readonly<Record<string, Teller>> = {
  ECONNREFUSED: refused,
  ENOTFOUND: unknownHost,
  EAI_AGAIN: unknownHost,
  ETIMEDOUT: silent,
  EHOSTUNREACH: silent,
  ENETUNREACH: silent,
  EHOSTDOWN: silent,
  UND_ERR_CONNECT_TIMEOUT: silent,
  UND_ERR_HEADERS_TIMEOUT: silent,
  UND_ERR_BODY_TIMEOUT: silent,
  ECONNRESET: broken,
  EPIPE: broken,
  UND_ERR_SOCKET: broken,
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: expired,
  ERR_TLS_CERT_ALTNAME_INVALID: otherName,
};

const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/;

/** `undefined`: it is no failure of the network. */
export function explainNetwork(facts: Facts): Told | undefined {
  const { systemCode, where, error } = facts;
  if (where === undefined || facts.answer !== undefined) return undefined;
  const { endpoint } = where;
  if (systemCode !== undefined) {
    const known = BY_CODE[systemCode];
    if (known !== undefined) return known(endpoint, facts);
    if (systemCode.startsWith('HPE_')) return noHttp(endpoint, facts);
    if (CERTIFICATE.test(systemCode)) return untrusted(endpoint, facts);
  }
  return error?.code === 'Timeout' ? silent(endpoint, facts) : undefined;
}

function isLoopback(endpoint: string): boolean {
  const { hostname } = new URL(endpoint);
  return hostname === 'localhost' || hostname.startsWith('127.') || hostname === '[::1]';
}
