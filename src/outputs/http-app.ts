import { Hono, type Context } from 'hono';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { AccessGuard, AccessHeaders } from './access-guard.ts';
import type { ApiHandlers } from './api-handlers.ts';
import { apiRoutes, type Route } from './api-routes.ts';
import { openapi } from './openapi.ts';
import { missingDashboard, staticFile } from './static-files.ts';

/** Our page runs its own scripts and shows pictures made in the page; it loads and tells nothing elsewhere. */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'self'",
    "img-src 'self' blob: data:",
    "style-src 'self' 'unsafe-inline'",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
};

/** Of errors that are the asker's, and of being asked too much. */
const STATUSES: Readonly<Record<string, 400 | 404 | 413 | 503>> = {
  UNKNOWN_RULE: 404,
  UNKNOWN_ALERT: 404,
  UNKNOWN_BACKGROUND: 404,
  NO_EVIDENCE: 404,
  BODY_TOO_LARGE: 413,
  SPACE_MISMATCH: 400,
  QUERY_FAILED: 400,
  BUSY: 503,
  TOO_MANY_QUERIES: 503,
};

export interface AppOptions {
  readonly guard: AccessGuard;
  readonly api: ApiHandlers;
  readonly server: string;
  readonly dashboardDir?: string | undefined;
  readonly log: Log;
  metrics(): Promise<string>;
}

/** The HTTP interface: the API's routes, and for every other GET a file of the dashboard. */
export function httpApp(options: AppOptions): { readonly app: Hono; readonly routes: readonly Route[] } {
  const { guard, api, log, dashboardDir } = options;
  const app = new Hono();
  const routes = apiRoutes({
    api,
    isTrusted: (c) => guard.isTrusted(headersOf(c)),
    metrics: () => options.metrics(),
    openapi: () => openapi(routes, options.server),
  });
  const refusal = (c: Context, isPublic: boolean): Response | undefined => {
    const refused = guard.refuses(headersOf(c), isPublic);
    if (!refused) return undefined;
    if (refused.status === 401) c.header('www-authenticate', 'Bearer');
    return c.json({ code: refused.code, message: refused.message }, refused.status);
  };

  app.use(async (c, next) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) c.header(name, value);
    await next();
  });
  for (const route of routes) {
    app.on(route.method, route.path, async (c) => {
      c.header('cache-control', 'no-store');
      return refusal(c, route.isPublic === true) ?? (await route.handle(c));
    });
  }
  app.get('*', async (c) => {
    // The page itself is no secret: it asks for the token, and everything it shows needs it.
    const refused = refusal(c, true);
    if (refused) return refused;
    const path = new URL(c.req.url).pathname;
    const file = dashboardDir === undefined ? undefined : await staticFile(dashboardDir, path);
    if (file) {
      c.header('cache-control', file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
      return c.body(file.bytes, 200, { 'content-type': file.type });
    }
    return path === '/' ? c.html(missingDashboard, 200) : notFound(c);
  });
  app.notFound(notFound);
  app.onError((error, c) => {
    const status = error instanceof UsageError ? 400 : error instanceof EdgeBindError ? STATUSES[error.code] : undefined;
    if (error instanceof EdgeBindError && status) return c.json({ code: error.code, message: error.message }, status);
    const code = error instanceof EdgeBindError ? error.code : 'INTERNAL';
    log.error({ path: c.req.path, error: messageOf(error) }, 'a request failed');
    return c.json({ code, message: messageOf(error) }, 500);
  });
  return { app, routes };
}

const headersOf = (c: Context): AccessHeaders => ({
  host: c.req.header('host'),
  origin: c.req.header('origin'),
  authorization: c.req.header('authorization'),
});

const notFound = (c: Context): Response =>
  c.json({ code: 'NOT_FOUND', message: `nothing at ${c.req.method} ${c.req.path}; all routes: /api/v1/openapi.json` }, 404);
