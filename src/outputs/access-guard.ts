import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { TOKEN_PROTOCOL_PREFIX } from '../core/wire.ts';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 503;
  readonly code: string;
  readonly message: string;
}

/** The headers of a request that decide about access. */
export interface AccessHeaders {
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly authorization: string | undefined;
  /** Subprotocols that a WebSocket client offers. */
  readonly protocols?: readonly string[];
}

export interface AccessOptions {
  /** The address that the server listens on. */
  readonly host: string;
  readonly token?: string | undefined;
  /** Further names that this server is reached by, e.g. behind a proxy. */
  readonly allowedHosts?: readonly string[] | undefined;
}

/**
 * Who may talk to the server. Pages of other sites may not (`Origin`), nor pages that made their own name resolve to this machine
 * (`Host`: DNS rebinding needs a name, so that IP addresses are fine); and where there is a token, nobody without it.
 */
export class AccessGuard {
  readonly #names: ReadonlySet<string>;
  readonly #tokenHash: Buffer | undefined;

  constructor({ host, token, allowedHosts = [] }: AccessOptions) {
    const own = hostname().toLowerCase();
    this.#names = new Set(['localhost', own, `${own}.local`, host.toLowerCase(), ...allowedHosts.map((name) => name.toLowerCase())]);
    this.#tokenHash = token === undefined ? undefined : hash(token);
  }

  /** Undefined: welcome. */
  refuses(headers: AccessHeaders, isPublic: boolean): Refusal | undefined {
    const host = parseHost(headers.host);
    if (!host || !this.#isOwn(host.name)) {
      const message = `this server is not called "${headers.host ?? ''}": use its IP address or one of ${[...this.#names].join(', ')}`;
      return { status: 403, code: 'HOST_REFUSED', message };
    }
    if (headers.origin !== undefined && !isSameSite(headers.origin, headers.host)) {
      return { status: 403, code: 'ORIGIN_REFUSED', message: `pages of ${headers.origin} may not use this server` };
    }
    if (isPublic || this.isTrusted(headers)) return undefined;
    const message = `this server wants its token: "Authorization: Bearer TOKEN", or on the stream the subprotocol ${TOKEN_PROTOCOL_PREFIX}TOKEN`;
    return { status: 401, code: 'TOKEN_WANTED', message };
  }

  /** Whether the request has the token, or none is needed. */
  isTrusted({ authorization, protocols = [] }: AccessHeaders): boolean {
    if (!this.#tokenHash) return true;
    const bearer = /^Bearer\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
    const offered = protocols
      .filter((protocol) => protocol.startsWith(TOKEN_PROTOCOL_PREFIX))
      .map((protocol) => protocol.slice(TOKEN_PROTOCOL_PREFIX.length));
    const given = [bearer, ...offered.slice(0, 4).flatMap((token) => [token, percentDecoded(token)])];
    // Hashes are of one length, and comparing them takes the same time whatever was given.
    return given.some((token) => token !== undefined && this.#tokenHash !== undefined && timingSafeEqual(hash(token), this.#tokenHash));
  }

  #isOwn(name: string): boolean {
    return isIP(name) !== 0 || name.endsWith('.localhost') || this.#names.has(name);
  }
}

const hash = (text: string): Buffer => createHash('sha256').update(text).digest();

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || /^127(\.\d{1,3}){3}$/.test(host) || host === '::1';

/** `name:port`, `name`, `[ipv6]:port`. */
function parseHost(header: string | undefined): { readonly name: string } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?$/i.exec(header ?? '');
  const name = match?.[1] ?? match?.[2];
  return name === undefined ? undefined : { name: name.toLowerCase() };
}

function isSameSite(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return false;
  return url.host === host?.toLowerCase() || isLoopback(url.hostname.replace(/^\[|\]$/g, ''));
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
