import { readFile } from 'node:fs/promises';
import type { GcpConfig } from '@forescale/shared/config';
import type { AuthClient } from 'google-auth-library';
import { z } from 'zod';
import { ProviderError } from '../errors.ts';
import { optionalPackage } from '../optional-package.ts';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];
const FILE_CHARS_MAX = 64 * 1_024;

/** A valid access token. Whoever gives them keeps and renews them. */
export type TokenSource = (signal: AbortSignal) => Promise<string>;

/** Tokens as the configuration says; Google's library is loaded only where it is needed. */
export async function tokenSource(config: Pick<GcpConfig, 'credentialsFile' | 'tokenFile'>): Promise<TokenSource> {
  const { credentialsFile, tokenFile } = config;
  if (tokenFile !== null) return () => tokenIn(tokenFile);
  const library = await optionalPackage('gcp', 'google-auth-library', () => import('google-auth-library'));
  let client: Promise<Pick<AuthClient, 'getAccessToken'>> | null = null;
  const open = async () => {
    if (credentialsFile !== null) return clientOf(library, await textOf('credentials_file', credentialsFile));
    return await new library.GoogleAuth({ scopes: SCOPES }).getClient();
  };
  return async (signal) => {
    try {
      client ??= open();
      const { token } = await beforeAbort((await client).getAccessToken(), signal);
      if (typeof token === 'string' && token !== '') return token;
    } catch (error) {
      // A file that was not there may be so later.
      client = null;
      throw refusal(error);
    }
    throw new ProviderError('auth', 'no access token: the answer has none');
  };
}

async function tokenIn(path: string): Promise<string> {
  const token = (await textOf('token_file', path)).trim();
  if (/^[\w.~+/=-]+$/.test(token)) return token;
  throw new ProviderError('auth', `token_file = ${path}: allowed: an access token and nothing else`);
}

async function textOf(field: string, path: string): Promise<string> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ProviderError('auth', `${field} = ${path}: cannot be read: ${code ?? 'unknown'}`);
  }
  if (text.length <= FILE_CHARS_MAX) return text;
  throw new ProviderError('auth', `${field} = ${path}: allowed: at most ${FILE_CHARS_MAX} characters`);
}

/** Tokens are exchanged there: nothing that listens elsewhere without TLS. */
const tokenUrl = z.string().regex(/^(https:\/\/|http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/])/);

const credentialsSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('service_account'), client_email: z.string(), private_key: z.string() }),
  z.object({
    type: z.literal('external_account'),
    audience: z.string(),
    subject_token_type: z.string(),
    token_url: tokenUrl,
    service_account_impersonation_url: tokenUrl.optional(),
    credential_source: z.union([z.looseObject({ file: z.string() }), z.looseObject({ url: z.string() })]),
  }),
]);

/** The file's own fields, checked: the library warns of whatever it is handed unread. */
function clientOf(library: typeof import('google-auth-library'), text: string): Pick<AuthClient, 'getAccessToken'> {
  const parsed = credentialsSchema.safeParse(jsonOf(text));
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.') || 'the file';
    const allowed = 'a key of type service_account, or a configuration of type external_account';
    throw new ProviderError('auth', `credentials_file: ${field}: allowed: ${allowed}`);
  }
  const { data } = parsed;
  if (data.type === 'service_account')
    return new library.JWT({ email: data.client_email, key: data.private_key, scopes: SCOPES });
  const { service_account_impersonation_url: impersonated, ...rest } = data;
  return new library.IdentityPoolClient({
    ...rest,
    ...(impersonated !== undefined && { service_account_impersonation_url: impersonated }),
    scopes: SCOPES,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const failureSchema = z.object({
  status: z.number().optional(),
  code: z.union([z.string(), z.number()]).optional(),
  response: z
    .object({ status: z.number().optional(), data: z.object({ error: z.string().optional() }).optional() })
    .optional(),
});

/** Codes of a connection that was not made or did not last. */
const NETWORK =
  /^(ECONN\w+|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EPIPE|E(HOST|NET)UNREACH|UND_ERR_\w+|ERR_STREAM_PREMATURE_CLOSE)$/;

/**
 * Why there is no token. In words of our own: what the library throws holds the request, with the assertion that it was
 * signed with, and some of its messages quote the file that they could not read.
 */
function refusal(error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const { status, code, response } = failureSchema.safeParse(error).data ?? {};
  const http = response?.status ?? status;
  const said = response?.data?.error ?? (typeof code === 'string' ? code : '');
  const why = [http && `HTTP ${http}`, /^[\w-]{1,64}$/.test(said) && said].filter(Boolean).join(' ');
  const isPassing = http === undefined ? NETWORK.test(said) : http >= 500 || http === 429 || http === 408;
  if (isPassing || (error instanceof Error && error.name === 'AbortError'))
    return new ProviderError('transient', `no access token: ${why || 'not in time'}`, { ambiguous: false });
  return new ProviderError('auth', `no access token: ${why || 'no credentials were found that can be used'}`);
}

/** The library cannot be called off; who waits for it can. */
async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const done = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const end = () => reject(new DOMException('aborted', 'AbortError'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    done.abort();
    work.catch(() => undefined);
  }
}
