import { readFile } from 'node:fs/promises';
import { ProviderError } from '../errors.ts';
import { optionalPackage } from '../optional-package.ts';

/** Who speaks to Azure Resource Manager. Rejects with `ProviderError` whose text holds no secret. */
export type TokenSource = (signal: AbortSignal) => Promise<string>;

/** What @azure/identity has many of. */
export interface Credential {
  getToken(scope: string, options: { readonly abortSignal: AbortSignal }): Promise<{ readonly token: string } | null>;
}

const TOKEN_BYTES_MAX = 16_384;

/** Read at each call, since whoever fills the file does so about once an hour. */
export function tokenInFile(path: string): TokenSource {
  return async () => {
    let text: string;
    try {
      text = (await readFile(path, 'utf8')).trim();
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      throw new ProviderError('auth', `token_file = ${path}: cannot be read: ${String(code)}`);
    }
    // Anything else is refused by `fetch`, which quotes it.
    if (/^[\w.~+/=-]+$/.test(text) && text.length <= TOKEN_BYTES_MAX) return text;
    throw new ProviderError('auth', `token_file = ${path}: allowed: an access token and nothing else`);
  };
}

/**
 * By what the environment has: a client secret or certificate, a workload identity, a managed identity, a developer's
 * login; see DefaultAzureCredential. It keeps tokens until shortly before they expire.
 */
export async function tokenByIdentity(endpoint: string): Promise<TokenSource> {
  const name = '@azure/identity';
  const { DefaultAzureCredential } = await optionalPackage('azure', name, () => import('@azure/identity'));
  return tokensOf(new DefaultAzureCredential({ retryOptions: { maxRetries: 0 } }), `${endpoint}/.default`);
}

export function tokensOf(credential: Credential, scope: string): TokenSource {
  return async (signal) => {
    let token: string | undefined;
    try {
      token = (await credential.getToken(scope, { abortSignal: signal }))?.token;
    } catch (error) {
      throw credentialError(error);
    }
    if (token) return token;
    throw new ProviderError('auth', 'the credential gave no token');
  };
}

const REFUSALS = /^(CredentialUnavailableError|AggregateAuthenticationError|AuthenticationRequiredError)$/;

/** The login's own words may quote what it was sent: only what kind of failure it was is told. */
function credentialError(error: unknown): ProviderError {
  const { name, statusCode } = error as { readonly name?: unknown; readonly statusCode?: unknown };
  const kind = typeof name === 'string' ? name : 'an unknown error';
  const status = typeof statusCode === 'number' && statusCode > 0 ? ` (HTTP ${statusCode})` : '';
  const isRefused = REFUSALS.test(kind) || (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500);
  return new ProviderError(isRefused ? 'auth' : 'transient', `no token for Azure: ${kind}${status}`, {
    ambiguous: false,
  });
}
