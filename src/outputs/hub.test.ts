import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../core/binary-frame.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { VirtualClock } from '../core/time.ts';
import type { Alert, Embedding, Sample } from '../core/types.ts';
import type { ClientSocket } from './client-socket.ts';
import { Hub, type HubClient } from './hub.ts';

/** A socket whose kernel takes bytes only when told to. */
class FakeSocket implements ClientSocket {
  readonly sent: (Record<string, unknown> | string)[] = [];
  /** Takes everything at once while true. */
  isOpen = true;
  pings = 0;
  ended = '';
  #waiting: { bytes: number; done: (error?: Error | null) => void }[] = [];

  get bufferedAmount(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  send(bytes: Uint8Array, isBinary: boolean, done: (error?: Error | null) => void): void {
    this.sent.push(isBinary ? decodeFrame(bytes).header : (JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>));
    this.#waiting.push({ bytes: bytes.length, done });
    if (this.isOpen) this.takeAll();
  }

  takeAll(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) next.done(null);
  }

  ping(): void {
    this.pings += 1;
  }

  close(code: number): void {
    this.ended = `closed ${code}`;
  }

  terminate(): void {
    this.ended = 'terminated';
  }

  ops(): unknown[] {
    return this.sent.map((message) => (typeof message === 'string' ? message : message['op']));
  }
}

const vector = new Float32Array(512).fill(0.04);
const embedding = (seq: number, source = 'mic'): Embedding => ({
  source,
  modality: 'audio',
  space: 'x',
  seq,
  startUs: seq,
  endUs: seq + 1,
  errorUs: 0,
  samples: { first: 0, last: 0, missing: 0 },
  coverage: 1,
  vector,
});
const alertOf = (cursor: number): Alert => ({
  cursor,
  id: `a${cursor}`,
  rule: 'r',
  state: 'raised',
  source: 'mic',
  modality: 'audio',
  score: 1,
  threshold: 0.5,
  startUs: 0,
  endUs: 1,
  query: 'glass',
});

function setUp(): {
  clock: VirtualClock;
  ledger: Ledger;
  hub: Hub;
  raise: () => void;
  join: (...messages: object[]) => { socket: FakeSocket; client: HubClient };
} {
  const clock = new VirtualClock(1_000_000);
  const ledger = new Ledger();
  const alerts: Alert[] = [];
  const hub = new Hub({
    clock,
    ledger,
    log: silentLog,
    boot: 'b',
    server: 's',
    spaces: () => [],
    sources: () => [
      { id: 'mic', modality: 'audio', state: 'live' },
      { id: 'wrist', modality: 'imu', state: 'live' },
    ],
    alerts: {
      get newest() {
        return alerts.length;
      },
      after: (cursor, limit) => alerts.slice(cursor, cursor + limit),
    },
    slowClientMs: 1_000,
    pingMs: 5_000,
    limits: { maxBufferedBytes: 10_000 },
  });
  const raise = (): void => {
    const alert = alertOf(alerts.length + 1);
    alerts.push(alert);
    hub.publishAlert(alert);
  };
  const join = (...messages: object[]): { socket: FakeSocket; client: HubClient } => {
    const socket = new FakeSocket();
    const client = hub.connect(socket, 'test');
    for (const message of messages) client.message(new TextEncoder().encode(JSON.stringify(message)), false);
    return { socket, client };
  };
  return { clock, ledger, hub, raise, join };
}

const SUBSCRIBE = { op: 'subscribe', sub: 'e', channel: 'embeddings', encoding: 'f32' };
const ALERTS = { op: 'subscribe', sub: 'a', channel: 'alerts' };

describe('Hub', () => {
  it('feeds a full socket nothing, then answers, alerts and the newest, in that order', () => {
    const { hub, raise, join, ledger } = setUp();
    const { socket, client } = join(SUBSCRIBE, ALERTS);
    socket.isOpen = false;
    for (let seq = 0; seq < 20; seq++) hub.publishEmbedding(embedding(seq));
    const whenFull = socket.sent.length;
    expect(socket.bufferedAmount).toBeLessThan(10_000);
    raise();
    raise();
    client.message(new TextEncoder().encode('{"op":"ping"}'), false);
    hub.publishEmbedding(embedding(20));
    expect(socket.sent.length).toBe(whenFull);
    socket.isOpen = true;
    socket.takeAll();
    expect(socket.ops().slice(whenFull)).toEqual(['pong', 'alert', 'alert', 'lag', 'embedding']);
    expect(socket.sent.at(-1)).toMatchObject({ seq: 20 });
    expect(socket.sent.at(-2)).toMatchObject({ sub: 'e', conflated: 21 - (whenFull - 3) - 1 });
    expect(ledger.sums).toBe(true);
  });

  it('cuts off who takes nothing, counts what was lost, and keeps the alerts for a resume', () => {
    const { hub, raise, join, clock, ledger } = setUp();
    const { socket, client } = join(SUBSCRIBE, ALERTS);
    socket.isOpen = false;
    for (let seq = 0; seq < 20; seq++) hub.publishEmbedding(embedding(seq));
    raise();
    clock.advanceMs(999);
    expect(socket.ended).toBe('');
    clock.advanceMs(300);
    expect(socket.ended).toBe('terminated');
    client.ended();
    expect(hub.clients).toBe(0);
    expect(ledger.sums).toBe(true);
    expect(ledger.lines().every(({ inFlight }) => inFlight === 0)).toBe(true);
    const again = join({ op: 'resume', cursor: 0 }, ALERTS);
    expect(again.socket.ops()).toEqual(['hello', 'ack', 'ack', 'alert']);
    hub.publishEmbedding(embedding(21));
    expect(ledger.lines().find(({ stage }) => stage === 'embeddings')).toMatchObject({ received: 20 });
  });

  it('does not cut off a slow client that takes something now and then', () => {
    const { hub, join, clock } = setUp();
    const { socket } = join(SUBSCRIBE);
    for (let turn = 0; turn < 10; turn++) {
      socket.isOpen = false;
      for (let seq = 0; seq < 10; seq++) hub.publishEmbedding(embedding(seq));
      clock.advanceMs(900);
      socket.takeAll();
    }
    expect(socket.ended).toBe('');
  });

  it('asks a quiet client for a sign of life, and lets it go without one', () => {
    const { join, clock } = setUp();
    const alive = join();
    const dead = join();
    for (let second = 0; second < 30; second++) {
      clock.advanceMs(1_000);
      if (alive.socket.pings > 0) alive.client.pong();
    }
    expect(alive.socket.ended).toBe('');
    expect(dead.socket.ended).toBe('terminated');
  });

  it('sends what maxHz held back when its time has come', () => {
    const { hub, join, clock } = setUp();
    const { socket } = join({ ...SUBSCRIBE, maxHz: 2 });
    for (let seq = 0; seq < 10; seq++) hub.publishEmbedding(embedding(seq));
    const seqs = (): unknown[] =>
      socket.sent.flatMap((message) => (typeof message === 'object' && 'seq' in message ? [message['seq']] : []));
    expect(seqs()).toEqual([0]);
    clock.advanceMs(499);
    expect(seqs()).toEqual([0]);
    clock.advanceMs(1);
    expect(seqs()).toEqual([0, 9]);
    clock.advanceMs(5_000);
    expect(seqs()).toEqual([0, 9]);
  });

  it('takes turns between subscriptions', () => {
    const { hub, join } = setUp();
    const { socket } = join(SUBSCRIBE, { ...SUBSCRIBE, sub: 'f' });
    socket.isOpen = false;
    for (let seq = 0; seq < 10; seq++) for (const source of ['p', 'q', 'r']) hub.publishEmbedding(embedding(seq, source));
    const from = socket.sent.length;
    socket.isOpen = true;
    socket.takeAll();
    const subs = socket.sent
      .slice(from)
      .flatMap((message) => (typeof message === 'object' && message['op'] === 'embedding' ? [message['sub']] : []));
    expect(subs).toHaveLength(6);
    for (let i = 2; i < 6; i++) expect(subs[i]).toBe(subs[i - 2]);
  });

  it('collects inertial rows between messages, and does nothing for samples nobody watches', () => {
    const { hub, join, clock, ledger } = setUp();
    const row = (seq: number): Sample => ({
      source: 'wrist',
      modality: 'imu',
      seq,
      timeUs: seq,
      durationUs: 0,
      errorUs: 0,
      payload: { kind: 'imu', values: new Float32Array(6) },
    });
    hub.publishSample(row(0));
    const { socket } = join({ op: 'subscribe', sub: 't', channel: 'samples', sources: ['wrist'], maxHz: 10 });
    for (let seq = 1; seq <= 41; seq++) {
      hub.publishSample(row(seq));
      clock.advanceMs(5);
    }
    const messages = socket.sent.slice(2) as Record<string, unknown>[];
    expect(messages.map(({ seq, endUs }) => [seq, endUs])).toEqual([
      [1, 1],
      [2, 20],
      [21, 40],
    ]);
    expect(ledger.lines().find(({ stage }) => stage === 'samples')).toMatchObject({ received: 41, emitted: 40, inFlight: 1, sums: true });
    socket.takeAll();
  });

  it('says bye to everyone and takes nobody new', () => {
    const { hub, join } = setUp();
    const { socket } = join(SUBSCRIBE);
    hub.closeAll('the server stops');
    expect(socket.sent.at(-1)).toEqual({ op: 'bye', reason: 'the server stops' });
    expect(socket.ended).toBe('closed 1001');
    expect(hub.hasRoom).toBe(false);
    hub.publishEmbedding(embedding(1));
    hub.closeAll('again');
    expect(socket.ops().filter((op) => op === 'bye')).toHaveLength(1);
  });
});
