import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type AlertMessage, type Client, type EmbeddingEvent } from '../src/client/index.ts';
import { startEdgeBind, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { cli, importPython } from './helpers/import-python.ts';
import { until } from './helpers/until.ts';

const SENSES = ['audio', 'depth', 'image', 'imu', 'thermal'];

describe.skipIf(!importPython)('an ImageBind that was imported, full widths, one block, random weights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-imagebind-'));
  const bundle = join(folder, 'imagebind');
  const embeddings: EmbeddingEvent[] = [];
  const alerts: AlertMessage[] = [];
  let edgebind: EdgeBindProcess | undefined;
  let client: Client | undefined;

  beforeAll(() => {
    execFileSync(process.execPath, [cli, 'models', 'import', 'imagebind', '--random', '3', '--blocks', '1', '--out', bundle], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }, 300_000);
  afterAll(async () => {
    client?.close();
    await edgebind?.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it('is trusted by models verify', () => {
    const verdict = JSON.parse(execFileSync(process.execPath, [cli, 'models', 'verify', bundle, '--json'], { encoding: 'utf8' })) as {
      ok: boolean;
      graphs: { modality: string }[];
    };
    expect(verdict.ok).toBe(true);
    expect(verdict.graphs.map((graph) => graph.modality).sort()).toEqual([...SENSES, 'text'].sort());
  });

  it('embeds five live senses and a rule of words in one space of 1024 numbers', async () => {
    const sources = SENSES.map((modality) => `  - {id: ${modality}, modality: ${modality}, from: "simulate:kitchen"}`);
    edgebind = await startEdgeBind(`
model: ${bundle}
broker: {port: 0}
sources:
${sources.join('\n')}
fusion: {everyMs: 500, maxAgeMs: 10000}
alerts:
  - {id: anything, query: {text: "a sound"}, on: [audio], threshold: -0.99, clearBelow: -1}
`);
    client = connect(edgebind.url, { WebSocket, cursor: 0 });
    client.subscribe({ channel: 'embeddings' }, (embedding) => embeddings.push(embedding));
    client.subscribe({ channel: 'alerts' }, (alert) => alerts.push(alert));
    const seen = await until('embeddings of five senses', () => {
      const bySource = new Map(embeddings.map((embedding) => [embedding.source, embedding]));
      return bySource.size === SENSES.length && [...bySource.values()];
    });
    expect(seen.map((embedding) => embedding.modality).sort()).toEqual(SENSES);
    expect(new Set(seen.map((embedding) => embedding.space)).size).toBe(1);
    for (const { vector } of seen) {
      expect(vector).toHaveLength(1024);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 3);
    }
    const alert = await until('the alert of the words', () => alerts[0]);
    expect(alert).toMatchObject({ rule: 'anything', state: 'raised', source: 'audio', query: 'a sound' });
    const lines = await edgebind.ledger();
    expect(lines.filter((line) => !line.sums)).toEqual([]);
  });
});
