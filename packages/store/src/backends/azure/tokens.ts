/** Tokens of a credential, kept while they are good, and asked for once however many requests need one. */

import { StoreError } from '../../errors.ts';
import type { TokenCredential } from './credentials.ts';

/** Loaded when it is asked for, and not known to those who do not use it. */
const IDENTITY_PACKAGE = '@azure/identity';
const SCOPE = 'https://storage.azure.com/.default';
/** A token is renewed this long before it ends, so that none ends under way. */
const MARGIN_MS = 5 * 60_000;

export class Tokens {
  readonly #given: TokenCredential | 'default';
  #credential: TokenCredential | undefined;
  #token: { readonly text: string; readonly goodUntil: number } | undefined;
  #asking: Promise<string> | undefined;

  constructor(credential: TokenCredential | 'default') {
    this.#given = credential;
  }

  /** @throws {StoreError} `Unauthenticated` with the credential's own error as its cause */
  get(): Promise<string> {
    if (this.#token !== undefined && Date.now() < this.#token.goodUntil) {
      return Promise.resolve(this.#token.text);
    }
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<string> {
    this.#credential ??= this.#given === 'default' ? await loadDefault() : this.#given;
    let token: Awaited<ReturnType<TokenCredential['getToken']>>;
    try {
      token = await this.#credential.getToken(SCOPE);
    } catch (error) {
      throw new StoreError('Unauthenticated', `The credential gave no token: ${String(error)}`, {
        cause: error,
      });
    }
    if (token === null) throw new StoreError('Unauthenticated', 'The credential gave no token');
    this.#token = { text: token.token, goodUntil: token.expiresOnTimestamp - MARGIN_MS };
    return token.token;
  }
}

async function loadDefault(): Promise<TokenCredential> {
  try {
    const identity = (await import(IDENTITY_PACKAGE)) as {
      DefaultAzureCredential: new () => TokenCredential;
    };
    return new identity.DefaultAzureCredential();
  } catch (error) {
    throw new StoreError(
      'Unauthenticated',
      'credential: "default" needs the package @azure/identity: npm install @azure/identity',
      { cause: error },
    );
  }
}
