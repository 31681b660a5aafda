import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { ApiHandlers } from './api-handlers.ts';
import { startServer, type Server, type ServerOptions } from './http-server.ts';
import { Hub } from './hub.ts';

const tidy: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of tidy.splice(0).reverse()) await step();
});

async function start(options: Partial<ServerOptions> = {}, api: Partial<ApiHandlers> = {}): Promise<{ server: Server; ledger: Ledger }> {
  const ledger = new Ledger();
  const hub = new Hub({
    clock: hostClock,
    ledger,
    log: silentLog,
    boot: 'b',
    server: 'edgebind test',
    spaces: () => [],
    sources: () => [],
    alerts: { newest: 0, after: () => [] },
  });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    hub,
    ledger,
    clock: hostClock,
    log: silentLog,
    api: {
      status: () => ({ uptimeSeconds: 1 }),
      ledger: () => ledger.lines(),
      alerts: () => [],
      rules: () => [],
      putRule: (id) => Promise.resolve({ id }),
      deleteRule: (id) =>
        id === 'known' ? Promise.resolve() : Promise.reject(new EdgeBindError('UNKNOWN_RULE', `there is no rule "${id}"`)),
      search: (body) => Promise.resolve({ body }),
      known: (body) => Promise.resolve({ body }),
      ready: () => ({ ready: false, reasons: ['mic: silent'] }),
      ...api,
    },
    ...options,
  });
  tidy.push(() => server.close());
  return { server, ledger };
}

const body = async (response: Response): Promise<Record<string, unknown>> => (await response.json()) as Record<string, unknown>;

/** With headers that `fetch` does not let anyone set. */
function raw(port: number, path: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, headers, host: '127.0.0.1' }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on('error', reject).end();
  });
}

describe('HTTP', () => {
  it('answers every route that its OpenAPI document names, and none besides', async () => {
    const { server } = await start();
    const document = await body(await fetch(`${server.url}/api/v1/openapi.json`));
    const paths = document['paths'] as Record<string, Record<string, object>>;
    for (const [path, methods] of Object.entries(paths)) {
      for (const method of Object.keys(methods)) {
        const response = await fetch(server.url + path.replace('{id}', 'known'), {
          method: method.toUpperCase(),
          ...(method === 'put' || method === 'post' ? { body: '{}' } : {}),
        });
        expect(response.status, `${method} ${path}`).toBe(path === '/readyz' ? 503 : 200);
      }
    }
    expect(Object.keys(paths)).toHaveLength(11);
    expect((await fetch(`${server.url}/api/v1/rules`, { method: 'POST' })).status).toBe(404);
    expect((await fetch(`${server.url}/api/v2/status`)).status).toBe(404);
  });

  it('reports the ledger and its sum, as JSON and as metrics', async () => {
    const { server, ledger } = await start();
    const stage = ledger.stage('mic', 'window');
    stage.receive(5);
    stage.emit(3);
    stage.drop('late', 2);
    expect(await body(await fetch(`${server.url}/api/v1/ledger`))).toMatchObject({ sums: true });
    const read = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();
    await read();
    const metrics = await read();
    expect(metrics).toContain('edgebind_received_total{source="mic",stage="window"} 5');
    expect(metrics).toContain('edgebind_dropped_total{source="mic",stage="window",reason="late"} 2');
    expect(metrics).toContain('edgebind_ledger_sums 1');
    expect(metrics).toContain('edgebind_ws_clients 0');
    expect(metrics).toContain('nodejs_eventloop_lag_p99_seconds');
  });

  it('turns errors into statuses with a code and a message', async () => {
    const { server } = await start({}, { putRule: () => Promise.reject(new UsageError('INVALID_RULE', 'threshold: too big')) });
    const put = (text: string): Promise<Response> => fetch(`${server.url}/api/v1/rules/glass`, { method: 'PUT', body: text });
    const bad = await put('{}');
    expect([bad.status, await body(bad)]).toEqual([400, { code: 'INVALID_RULE', message: 'threshold: too big' }]);
    expect(await body(await put('{'))).toMatchObject({ code: 'BAD_JSON' });
    expect((await put('x'.repeat(4 * 1024 * 1024 + 1))).status).toBe(413);
    const endless = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(65_536)) });
    const answer = await fetch(`${server.url}/api/v1/rules/glass`, { method: 'PUT', body: endless, duplex: 'half' }).catch(() => undefined);
    // Whoever is still sending may find the connection closed before the answer.
    expect([413, undefined]).toContain(answer?.status);
    expect((await fetch(`${server.url}/api/v1/rules/nobody`, { method: 'DELETE' })).status).toBe(404);
    const query = await fetch(`${server.url}/api/v1/alerts?limit=5000`);
    expect([query.status, (await body(query))['message']]).toEqual([400, expect.stringContaining('from 1 to 1000')]);
  });

  it('serves the dashboard and nothing outside its folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edgebind-'));
    tidy.push(() => rm(folder, { recursive: true }));
    const dashboardDir = join(folder, 'dashboard');
    await mkdir(join(dashboardDir, 'assets'), { recursive: true });
    await writeFile(join(dashboardDir, 'index.html'), '<h1>page</h1>');
    await writeFile(join(dashboardDir, 'assets', 'app-1.js'), 'run()');
    await writeFile(join(dashboardDir, '.env.json'), 'secret');
    await writeFile(join(folder, 'secret.json'), 'secret');
    const { server } = await start({ dashboardDir });
    const page = await fetch(server.url);
    expect([await page.text(), page.headers.get('content-type'), page.headers.get('cache-control')]).toEqual([
      '<h1>page</h1>',
      'text/html; charset=utf-8',
      'no-cache',
    ]);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
    expect(page.headers.get('x-content-type-options')).toBe('nosniff');
    const script = await fetch(`${server.url}/assets/app-1.js`);
    expect(script.headers.get('cache-control')).toContain('immutable');
    for (const path of [
      '/../secret.json',
      '/%2e%2e/secret.json',
      '/..%2fsecret.json',
      '/assets/../../secret.json',
      '/.env.json',
      '/assets/%00',
      '/assets',
      '//secret.json',
    ]) {
      const { status, text } = await raw(server.port, path, {});
      expect([path, status, text.includes('secret"') || text === 'secret']).toEqual([path, 404, false]);
    }
  });

  it('says how to build a dashboard that is not there', async () => {
    const { server } = await start();
    expect(await (await fetch(server.url)).text()).toContain('npm run build');
  });
});

describe('who may talk to the server', () => {
  it('refuses names that are not its own and pages of other sites', async () => {
    const { server } = await start();
    const { port } = server;
    const status = async (headers: Record<string, string>): Promise<number> => (await raw(port, '/api/v1/status', headers)).status;
    expect(await status({ host: 'evil.example' })).toBe(403);
    expect(await status({ host: `evil.example:${port}` })).toBe(403);
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '[::1]:80', '192.168.1.20'])
      expect(await status({ host }), host).toBe(200);
    const host = `127.0.0.1:${port}`;
    for (const origin of [
      'https://evil.example',
      'null',
      'file://',
      'http://localhost.evil.example',
      `http://127.0.0.1.evil.example:${port}`,
    ]) {
      expect(await status({ host, origin }), origin).toBe(403);
    }
    for (const origin of [`http://${host}`, 'http://localhost:5173', 'http://[::1]:8080'])
      expect(await status({ host, origin }), origin).toBe(200);
  });

  it('asks for its token everywhere but at the page and the probes', async () => {
    const { server } = await start({ token: 'a-good-token' });
    const status = async (path: string, token?: string): Promise<number> =>
      (await fetch(server.url + path, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
    for (const path of ['/api/v1/status', '/api/v1/ledger', '/api/v1/alerts', '/api/v1/rules', '/api/v1/openapi.json', '/metrics']) {
      expect([path, await status(path), await status(path, 'a-bad-token'), await status(path, 'a-good-token')]).toEqual([
        path,
        401,
        401,
        200,
      ]);
    }
    expect(await status('/')).toBe(200);
    expect(await status('/healthz')).toBe(200);
    expect(await body(await fetch(`${server.url}/readyz`))).toEqual({ ready: false, reasons: [] });
    expect(await body(await fetch(`${server.url}/readyz`, { headers: { authorization: 'Bearer a-good-token' } }))).toEqual({
      ready: false,
      reasons: ['mic: silent'],
    });
  });

  it('refuses to be reached from elsewhere without a token', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({
      code: 'TOKEN_REQUIRED',
      message: expect.stringContaining('listen.token') as string,
    });
    const { server } = await start({ host: '0.0.0.0', token: 'a-good-token' });
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  it('names a taken port and how to find who has it', async () => {
    const { server } = await start();
    await expect(start({ port: server.port })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(`ss -ltnp 'sport = :${server.port}'`) as string,
    });
    await expect(start({ host: '203.0.113.9', token: 'a-good-token' })).rejects.toMatchObject({ code: 'CANNOT_LISTEN' });
    await expect(start({ tls: { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' } })).rejects.toMatchObject({ code: 'TLS_FILES' });
  });

  it('survives requests that are none, and closes with one of them open', async () => {
    const { server } = await start();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () =>
        socket.write('GET /v1/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
      );
      socket.once('data', (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400/);
    const idle = connect(server.port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.write('GET /api/v1/status HTTP/1.1\r\nHo');
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await Promise.all([server.close(), server.close()]);
    idle.destroy();
  });
});
