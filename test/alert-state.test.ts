/** What the alerts' state survives: kill -9, a disk that is full or read-only, files of a newer version. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect } from '../src/client/index.ts';
import type { Alert } from '../src/core/types.ts';
import { startEdgeBind, startEdgeBindIn, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));

describe('the state of alerts', () => {
  let broker: Mosquitto;
  let camera: MqttClient;
  let timer: NodeJS.Timeout;
  beforeAll(async () => {
    broker = await startMosquitto();
    camera = await connectAsync(broker.url);
    let frame = 0;
    timer = setInterval(() => {
      const heat = Int16Array.from({ length: 768 }, (_, i) => 2000 + 40 * ((i + frame) % 32) + 10 * Math.sin(i * frame));
      frame++;
      camera.publish('site/heat', Buffer.from(heat.buffer));
    }, 100);
  });
  afterAll(async () => {
    clearInterval(timer);
    await camera.endAsync();
    await broker.stop();
  });

  const config = (more = ''): string => `model: models/mini
broker: {url: "${broker.url}"}
sources:
  - {id: heat, modality: thermal, from: "mqtt:site/heat", format: thermal-i16, width: 32, height: 24}
alerts:
  - {id: always, query: {text: "a fire"}, on: [heat], threshold: -1, clearBelow: -1}
  - {id: seldom, query: {text: "a fire"}, on: [heat], falseAlarmsPerDay: 2}
${more}`;
  const alertsOf = async (edgebind: EdgeBindProcess): Promise<readonly Alert[]> =>
    ((await edgebind.get('/api/v1/alerts')) as { alerts: Alert[] }).alerts;
  const learnt = async (edgebind: EdgeBindProcess): Promise<number> => {
    const response = await fetch(new URL('/api/v1/rules/seldom/background/heat', edgebind.url));
    if (!response.ok) return 0;
    const { histogram } = (await response.json()) as { histogram: { counts: number[] } };
    return histogram.counts.reduce((sum, count) => sum + count, 0);
  };
  const put = (edgebind: EdgeBindProcess, id: string, rule: object): Promise<Response> =>
    fetch(new URL(`/api/v1/rules/${id}`, edgebind.url), {
      method: 'PUT',
      body: JSON.stringify(rule),
      headers: { 'content-type': 'application/json' },
    });

  it('goes on after kill -9 in the middle of a raised alert: none is lost or told twice, the cursor and the background continue', async () => {
    const first = await startEdgeBind(config());
    const [raised] = await until('the alert', async () => {
      const alerts = await alertsOf(first);
      return alerts.length > 0 && alerts;
    });
    expect(raised).toMatchObject({ cursor: 1, rule: 'always', state: 'raised' });
    const known = await until('some background', async () => {
      const count = await learnt(first);
      return count > 20 && count;
    });
    const { endUs } = raised!;
    const query = { moment: { source: 'heat', timeUs: endUs } };
    const like = await put(first, 'like-then', { query, on: ['heat'], threshold: 0.99, silent: true });
    expect(like.status).toBe(200);
    // What was known then is on the disk a second later.
    await new Promise((resolve) => setTimeout(resolve, 1500));
    await first.stop('SIGKILL');

    const second = await startEdgeBindIn(first.folder);
    const told: Alert[] = [];
    const client = connect(second.url, { WebSocket });
    client.subscribe({ channel: 'alerts' }, (alert) => told.push(alert));
    try {
      const again = await until('the background of before', async () => {
        const count = await learnt(second);
        return count >= known && count;
      });
      expect(again).toBeGreaterThanOrEqual(known);
      expect(await alertsOf(second)).toHaveLength(1);
      expect(told.filter(({ state }) => state === 'raised')).toEqual([]);
      // The moment itself is forgotten by now: the rule kept what it looks for.
      const { rules } = (await second.get('/api/v1/rules')) as { rules: { id: string }[] };
      expect(rules.map(({ id }) => id)).toContain('like-then');
      const answer = await put(second, 'always', { query: { text: 'a fire' }, on: ['heat'], threshold: 1, clearBelow: 1 });
      expect(answer.status).toBe(200);
      const cleared = await until('the clear', () => told.find(({ state }) => state === 'cleared'));
      expect(cleared).toMatchObject({ cursor: 2, id: raised!.id, rule: 'always' });
    } finally {
      client.close();
      await second.stop('SIGKILL');
    }
  });

  it('goes on with alerts, rules and backgrounds while the disk takes nothing, and says so', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgebind-full-'));
    const file = join(folder, 'config.yaml');
    writeFileSync(file, config());
    // No file may be larger than 1 KiB: to the program, the disk is full.
    const child = spawn('bash', ['-c', 'ulimit -f 1; exec "$@"', 'bash', process.execPath, cli, 'run', file, '--port', '0']);
    let [out, log] = ['', ''];
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
    try {
      const url = await until('the start', () => /EdgeBind runs: (\S+)/.exec(out)?.[1]);
      await until('the complaint', () => log.includes('backgrounds: cannot be written') && log.includes('memory cannot be written'));
      const rule = { query: { text: 'a fire' }, on: ['heat'], threshold: -1, clearBelow: -1 };
      const added = await fetch(new URL('/api/v1/rules/more', url), {
        method: 'PUT',
        body: JSON.stringify(rule),
        headers: { 'content-type': 'application/json' },
      });
      expect(added.status).toBe(200);
      await until('its alert', async () => {
        const { alerts } = (await (await fetch(new URL('/api/v1/alerts', url))).json()) as { alerts: Alert[] };
        return alerts.some((alert) => alert.rule === 'more');
      });
      const { sums } = (await (await fetch(new URL('/api/v1/ledger', url))).json()) as { sums: boolean };
      expect(sums).toBe(true);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('starts without a live rule that has lost what it looks for, and says so', () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgebind-lost-'));
    mkdirSync(join(folder, 'state'));
    const lost = { id: 'lost', query: { moment: { source: 'heat', timeUs: 1 } }, on: ['heat'], threshold: 0.9 };
    writeFileSync(join(folder, 'state/rules.json'), JSON.stringify({ version: 1, put: [lost], deleted: [] }));
    writeFileSync(join(folder, 'config.yaml'), config());
    const { status, stderr } = spawnSync(process.execPath, [cli, 'run', join(folder, 'config.yaml'), '--port', '0', '--for', '1s'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toMatch(/lost.*left out|left out.*lost/);
    expect(status).toBe(0);
  });

  it.each([
    ['a folder that cannot be made', 'config.yaml/state', () => undefined, /config\.yaml\/state.*cannot keep the state.*state\.dir/],
    ['a file system that takes no folders', '/proc/edgebind/state', () => undefined, /\/proc\/edgebind\/state.*cannot keep.*state\.dir/],
    [
      'backgrounds of a newer version',
      'state',
      (dir: string) => {
        mkdirSync(join(dir, 'backgrounds'), { recursive: true });
        const bytes = Buffer.from('EBBG\0\0\0\0');
        bytes.writeUInt32LE(0x47424245, 0);
        bytes.writeUInt32LE(99, 4);
        writeFileSync(join(dir, 'backgrounds/0.log'), bytes);
      },
      /0\.log: was written by a newer EdgeBind \(format 99.*install that version, or move the file away/,
    ],
    [
      'live rules of a newer version',
      'state',
      (dir: string) => writeFileSync(join(dir, 'rules.json'), '{"version": 2, "rules": {}}'),
      /rules\.json.*newer EdgeBind.*move the file away/,
    ],
  ])('refuses to start on %s, says what to do, and touches nothing', (_, dir, prepare, words) => {
    const folder = mkdtempSync(join(tmpdir(), 'edgebind-newer-'));
    mkdirSync(join(folder, 'state'));
    prepare(join(folder, 'state'));
    writeFileSync(join(folder, 'config.yaml'), config(`state: {dir: ${dir}}\n`));
    const before = spawnSync('find', [folder, '-type', 'f', '-size', '+0'], { encoding: 'utf8' }).stdout;
    const { status, stderr } = spawnSync(process.execPath, [cli, 'run', join(folder, 'config.yaml'), '--port', '0', '--for', '1s'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toMatch(words);
    expect(status).toBe(1);
    for (const file of before.trim().split('\n')) expect(readFileSync(file).length).toBeGreaterThan(0);
  });
});
