import { UsageError } from '../core/errors.ts';
import { PROTOCOL, TOKEN_PROTOCOL_PREFIX } from '../core/wire.ts';

const SCHEMES: Readonly<Record<string, string>> = { 'http:': 'ws:', 'https:': 'wss:', 'ws:': 'ws:', 'wss:': 'wss:' };

/**
 * The stream's address from what people type: `http` becomes `ws`, and a bare host gets the path `/v1/stream`.
 *
 * @throws UsageError `BAD_URL`
 */
export function streamUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch (cause) {
    throw new UsageError('BAD_URL', `"${url}" is no URL; wanted e.g. ws://127.0.0.1:7400/v1/stream`, { cause });
  }
  const scheme = SCHEMES[parsed.protocol];
  if (!scheme) throw new UsageError('BAD_URL', `"${url}" begins with ${parsed.protocol}; wanted ws:, wss:, http: or https:`);
  // A setter, not string surgery: it keeps credentials, ports and queries where they belong.
  parsed.protocol = scheme;
  if (parsed.pathname === '/') parsed.pathname = '/v1/stream';
  parsed.hash = '';
  return parsed.href;
}

/** The subprotocols to offer. Characters that HTTP does not allow there are percent-encoded; the server decodes them. */
export function subprotocols(token?: string): string[] {
  if (token === undefined) return [PROTOCOL];
  const safe = encodeURIComponent(token).replaceAll('(', '%28').replaceAll(')', '%29');
  return [PROTOCOL, `${TOKEN_PROTOCOL_PREFIX}${safe}`];
}
