import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Plugin, PreviewServer, ViteDevServer } from 'vite';
import { WebSocketServer, type WebSocket } from 'ws';
import { encodeFrame } from '../../src/core/binary-frame.ts';
import { Stage } from '../../src/core/ledger.ts';
import type { Alert, KnownModality, Modality } from '../../src/core/types.ts';
import { PROTOCOL, type ClientMessage, type SampleMessage, type SubscribeMessage } from '../../src/core/wire.ts';
import type { Rule } from '../src/data/api.ts';
import { depthAt, isEvent, jpegAt, motionAt, soundAt, thermalAt } from './fake-signals.ts';

const SOURCES: readonly { readonly id: string; readonly modality: KnownModality; readonly hz: number }[] = [
  { id: 'front', modality: 'image', hz: 10 },
  { id: 'mic', modality: 'audio', hz: 20 },
  { id: 'thermal', modality: 'thermal', hz: 4 },
  { id: 'rover-depth', modality: 'depth', hz: 8 },
  { id: 'wrist', modality: 'imu', hz: 100 / 6 },
];

const nowUs = (): number => Math.round(Date.now() * 1000);
const isOn = (rule: Rule, { id, modality }: { id: string; modality: Modality }): boolean =>
  rule.on.includes(id) || rule.on.includes(modality);

/** EdgeBind's wire with made-up sensors: enough of `edgebind.v1` and of `/api/v1` to work on the page without anything else. */
export function fakeServer(): Plugin {
  const world = new FakeWorld();
  const attach = ({ middlewares, httpServer }: Pick<PreviewServer | ViteDevServer, 'middlewares' | 'httpServer'>): void => {
    middlewares.use('/api/v1', (request, response) => void world.answer(request, response));
    httpServer?.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url === '/v1/stream') world.accept(request, socket, head);
    });
    world.start();
  };
  return { name: 'edgebind-fake-server', configureServer: attach, configurePreviewServer: attach };
}

class FakeWorld {
  readonly #server = new WebSocketServer({ noServer: true, handleProtocols: () => PROTOCOL });
  readonly #subscriptions = new Map<WebSocket, Map<string, SubscribeMessage>>();
  readonly #rules = new Map<string, Rule>();
  readonly #alerts: Alert[] = [];
  readonly #raised = new Map<string, Alert>();
  readonly #stages = SOURCES.flatMap(({ id }) => ['input', 'window', 'encode'].map((name) => new Stage(id, name)));
  readonly #boot = String(Date.now());

  start(): void {
    for (const source of SOURCES) setInterval(() => void this.#sense(source), 1000 / source.hz);
    setInterval(() => this.#score(), 250);
  }

  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => {
      this.#subscriptions.set(client, new Map());
      client.on('close', () => this.#subscriptions.delete(client));
      client.on('message', (data: Buffer) => this.#hear(client, JSON.parse(data.toString()) as ClientMessage));
      const sources = SOURCES.map(({ id, modality }) => ({ id, modality, state: 'live' as const }));
      const spaces = [{ id: 'made-up', name: 'made-up', dim: 256 }];
      send(client, {
        op: 'hello',
        protocol: PROTOCOL,
        server: 'fake',
        boot: this.#boot,
        timeUs: nowUs(),
        spaces,
        sources,
        cursor: this.#alerts.length,
      });
    });
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path = '', id = ''] = (request.url ?? '').slice(1).split('/');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.setHeader('content-type', 'application/json');
    if (path === 'rules' && request.method === 'PUT')
      this.#rules.set(id, { id, ...(JSON.parse(Buffer.concat(chunks).toString()) as Omit<Rule, 'id'>) });
    if (path === 'rules' && request.method === 'DELETE') this.#rules.delete(id);
    const sources = SOURCES.map(({ id: name, modality, hz }) => ({
      id: name,
      modality,
      state: 'live',
      reason: '',
      samplesHz: hz,
      embeddingsHz: 2,
      newestUs: nowUs(),
    }));
    const lines = this.#stages.map((stage) => stage.line());
    const answers: Readonly<Record<string, unknown>> = {
      status: { sources, eventLoopDelayMs: { p99: 3.4 } },
      ledger: { lines, sums: true },
      rules: { rules: [...this.#rules.values()] },
      alerts: { alerts: this.#alerts },
    };
    response.end(JSON.stringify(answers[path] ?? {}));
  }

  #hear(client: WebSocket, message: ClientMessage): void {
    if (message.op === 'subscribe') {
      this.#subscriptions.get(client)?.set(message.sub, message);
      send(client, { op: 'ack', ref: message.sub });
    } else if (message.op === 'unsubscribe') this.#subscriptions.get(client)?.delete(message.sub);
    else if (message.op === 'resume') {
      send(client, { op: 'ack', ref: 'resume', cursor: message.cursor });
      for (const alert of this.#alerts.slice(message.cursor)) send(client, { op: 'alert', ...alert });
    } else if (message.op === 'ping') send(client, { op: 'pong' });
  }

  async #sense({ id, modality, hz }: (typeof SOURCES)[number]): Promise<void> {
    const seconds = Date.now() / 1000;
    for (const stage of this.#stages) if (stage.source === id) count(stage);
    const [form, body] = await sample(modality, seconds);
    const header = { op: 'sample', source: id, modality, seq: 0, timeUs: Math.round(seconds * 1e6), ...form };
    const timing = modality === 'imu' ? { endUs: Math.round((seconds + 1 / hz - 0.01) * 1e6) } : {};
    this.#each('samples', modality, (client, sub) => {
      client.send(
        encodeFrame('raw', JSON.stringify({ ...header, ...timing, sub }), new Uint8Array(body.buffer, body.byteOffset, body.byteLength)),
      );
    });
  }

  #score(): void {
    const seconds = Date.now() / 1000;
    for (const rule of this.#rules.values()) {
      for (const [i, source] of SOURCES.entries()) {
        if (!isOn(rule, source)) continue;
        const score = 0.12 + 0.02 * i + 0.012 * (Math.random() + Math.random() - 1) + (isEvent(seconds) && i < 3 ? 0.17 - 0.03 * i : 0);
        const endUs = nowUs();
        const fact = {
          rule: rule.id,
          source: source.id,
          modality: source.modality,
          score,
          threshold: rule.threshold ?? 1,
          startUs: endUs - 960_000,
          endUs,
        };
        this.#each('scores', source.modality, (client, sub) => send(client, { op: 'score', sub, ...fact }));
        this.#judge(rule, fact);
      }
    }
  }

  #judge(rule: Rule, fact: Omit<Alert, 'cursor' | 'id' | 'state' | 'query'>): void {
    const key = `${fact.rule}/${fact.source}`;
    const raised = this.#raised.get(key);
    if (raised ? fact.score > fact.threshold - 0.03 : fact.score < fact.threshold) return;
    const alert: Alert = {
      ...fact,
      cursor: this.#alerts.length + 1,
      id: raised?.id ?? `${key}/${fact.endUs}`,
      state: raised ? 'cleared' : 'raised',
      query: rule.query.text ?? '',
    };
    if (raised) this.#raised.delete(key);
    else this.#raised.set(key, alert);
    this.#alerts.push(alert);
    this.#each('alerts', undefined, (client) => send(client, { op: 'alert', ...alert }));
  }

  #each(channel: string, modality: Modality | undefined, tell: (client: WebSocket, sub: string) => void): void {
    for (const [client, subscriptions] of this.#subscriptions) {
      for (const { sub, channel: wanted, modalities } of subscriptions.values()) {
        if (wanted === channel && (!modalities || !modality || modalities.includes(modality))) tell(client, sub);
      }
    }
  }
}

const send = (client: WebSocket, message: object): void => client.send(JSON.stringify(message));

function count(stage: Stage): void {
  stage.receive();
  if (stage.name === 'window' && Math.random() < 0.02) stage.drop('lowCoverage');
  else stage.emit();
}

async function sample(
  modality: KnownModality,
  seconds: number,
): Promise<[Partial<SampleMessage>, Buffer | Int16Array | Uint16Array | Float32Array]> {
  switch (modality) {
    case 'image':
      return [{ format: 'jpeg' }, await jpegAt(seconds)];
    case 'audio':
      return [{ format: 'pcm_s16le', rateHz: 16_000 }, soundAt(seconds)];
    case 'thermal':
      return [{ format: 'thermal-f32', width: 32, height: 24 }, thermalAt(seconds)];
    case 'depth':
      return [{ format: 'depth-u16', width: 64, height: 48 }, depthAt(seconds)];
    case 'imu':
      return [{ format: 'imu-f32' }, motionAt(seconds)];
  }
}
