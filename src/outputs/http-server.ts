import { createServer, type Server as HttpServer, type ServerOptions as HttpServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { messageOf, UsageError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import { AccessGuard, isLoopback } from './access-guard.ts';
import type { ApiHandlers } from './api-handlers.ts';
import { httpApp } from './http-app.ts';
import type { Hub } from './hub.ts';
import { metricsRegistry } from './metrics.ts';
import { StreamUpgrade } from './stream-upgrade.ts';

export interface ServerOptions {
  /** Address to listen on. One that others can reach needs a token. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly token?: string;
  /** Files of the certificate (chain) and its key, PEM. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Further names that this server is reached by, e.g. behind a proxy. */
  readonly allowedHosts?: readonly string[];
  readonly hub: Hub;
  readonly api: ApiHandlers;
  readonly ledger: Pick<Ledger, 'lines'>;
  /** See `MetricsSources`. Default: none. */
  readonly collapsed?: () => Iterable<string>;
  readonly isModelRefused?: () => boolean;
  /** Folder of the built dashboard. */
  readonly dashboardDir?: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A listening server. */
export interface Server {
  /** Where a browser on this machine finds it, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  /** Says bye to the stream's clients, lets answers finish, then frees the port; takes at most two seconds. May be called twice. */
  close(): Promise<void>;
}

/** Slow senders of headers and bodies, and readers that do not read, are cut off. */
const TIMEOUTS: HttpServerOptions = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 16_384,
};
const IDLE_MS = 30_000;
const GRACE_MS = 1_000;
/** Connections beside those of the stream's clients: API calls, and the keep-alives of browsers. */
const OTHER_CONNECTIONS = 128;

/**
 * Serves the dashboard, the API, the metrics and the stream on one port.
 *
 * @throws UsageError `TOKEN_REQUIRED` for an address that others can reach without a token, `PORT_TAKEN`, `CANNOT_LISTEN`, `TLS_FILES`
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { host, port, token, tls, hub, api, ledger, dashboardDir, log } = options;
  if (!isLoopback(host) && !token) {
    const fix = 'set listen.token, e.g. token: ${EDGEBIND_TOKEN}, or listen on 127.0.0.1';
    throw new UsageError('TOKEN_REQUIRED', `listen.host ${host} can be reached from other machines, and there is no token: ${fix}`);
  }
  const guard = new AccessGuard({ host, token, allowedHosts: options.allowedHosts });
  const { collapsed = () => [], isModelRefused = () => false } = options;
  const registry = metricsRegistry({ ledger: () => ledger.lines(), hub, collapsed, isModelRefused });
  const { app } = httpApp({ guard, api, server: hub.server, dashboardDir, log, metrics: () => registry.metrics() });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const onRequest: (...args: Parameters<typeof listener>) => void = (request, response) => void listener(request, response);
  const server = tls ? createTlsServer({ ...TIMEOUTS, ...(await tlsFiles(tls)) }, onRequest) : createServer(TIMEOUTS, onRequest);
  server.maxConnections = hub.limits.maxClients + OTHER_CONNECTIONS;
  server.setTimeout(IDLE_MS);
  const upgrade = new StreamUpgrade({ guard, hub, log });
  server.on('upgrade', upgrade.onUpgrade);
  await listen(server, host, port);
  const bound = (server.address() as AddressInfo).port;
  let closing: Promise<void> | undefined;
  return {
    port: bound,
    url: `${tls ? 'https' : 'http'}://${browsable(host)}:${bound}`,
    close: () => {
      closing ??= close(server, hub, upgrade).finally(() => registry.clear());
      return closing;
    },
  };
}

async function close(server: HttpServer, hub: Hub, upgrade: StreamUpgrade): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  hub.closeAll('the server stops');
  await upgrade.close(GRACE_MS);
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
  await closed;
  clearTimeout(timer);
}

function listen(server: HttpServer, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => resolve());
  });
}

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): UsageError {
  if (cause.code === 'EADDRINUSE') {
    const who = `see who has it with: ss -ltnp 'sport = :${port}'`;
    return new UsageError(
      'PORT_TAKEN',
      `port ${port} on ${host} is taken by another program: ${who}; or choose another with --port or listen.port (0: any)`,
      { cause },
    );
  }
  const hints: Readonly<Record<string, string>> = {
    EACCES: 'ports below 1024 need a privilege: choose a higher one',
    EADDRNOTAVAIL: 'this machine has no such address: 127.0.0.1 for itself, 0.0.0.0 for all of its addresses',
    ENOTFOUND: 'no such host name: use an address of this machine',
  };
  const hint = hints[cause.code ?? ''] ?? 'check listen.host and listen.port';
  return new UsageError('CANNOT_LISTEN', `cannot listen on ${host} port ${port} (${messageOf(cause)}): ${hint}`, { cause });
}

async function tlsFiles({ cert, key }: { readonly cert: string; readonly key: string }): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    return { cert: await readFile(cert), key: await readFile(key) };
  } catch (cause) {
    throw new UsageError('TLS_FILES', `listen.tls cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** An address that a browser can open: the wildcard addresses are none. */
function browsable(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
