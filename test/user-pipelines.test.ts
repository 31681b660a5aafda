/** Pipelines of users: files in the folder of a config, with nothing installed there. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { describe, expect, it } from 'vitest';
import { connect, type EmbeddingEvent } from '../src/client/index.ts';
import { startEdgeBindIn } from './helpers/edgebind-process.ts';
import { until } from './helpers/until.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
/** The example that the page shows. */
const EXAMPLE = /```js\n(.*?)```/s.exec(readFileSync(new URL('../docs/pipelines.md', import.meta.url), 'utf8'))?.[1] ?? '';

function site(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-pipelines-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

describe("a user's pipeline", () => {
  it('makes windows of its own and gives vectors; one that throws begins again, is named, and disturbs nobody', async () => {
    const throwing = `
      import { map } from 'rxjs';
      export const pipeline = ({ id, modality, readings$ }, { ledger, clock, encoders }) =>
        readings$.pipe(map(() => { throw new Error('a fault in service'); }));`;
    const foreign = `
      import { map } from 'rxjs';
      export const pipeline = ({ id, modality, readings$ }) =>
        readings$.pipe(map(() => ({ source: id, modality, space: 'another', vector: new Float32Array(3) })));`;
    const folder = site({
      'calm-motion.mjs': EXAMPLE,
      'throws.mjs': throwing,
      'foreign.mjs': foreign,
      'config.yaml': `
broker: {port: 0}
state: {memory: false}
sources:
  - {id: own, modality: imu, from: "simulate:kitchen", pipeline: ./calm-motion.mjs}
  - {id: ours, modality: audio, from: "simulate:kitchen"}
  - {id: bad, modality: thermal, from: "simulate:kitchen", pipeline: throws.mjs}
  - {id: odd, modality: image, from: "simulate:kitchen", pipeline: foreign.mjs}
`,
    });
    const edgebind = await startEdgeBindIn(folder);
    const embeddings: EmbeddingEvent[] = [];
    const client = connect(edgebind.url, { WebSocket });
    try {
      client.subscribe({ channel: 'embeddings' }, (embedding) => embeddings.push(embedding));
      const of = (source: string): EmbeddingEvent[] => embeddings.filter((one) => one.source === source);
      const twice = (): boolean => edgebind.log().split('a fault in service').length > 2;
      await until('vectors of both, and two falls of the third', () => of('own').length > 1 && of('ours').length > 1 && twice(), 120_000);
      expect(of('own').map(({ startUs, endUs }) => endUs - startUs)).toContain(2_000_000);
      expect(of('ours')[0]!.endUs - of('ours')[0]!.startUs).toBe(975_000);
      for (const { vector } of of('own')) expect(Math.hypot(...vector)).toBeCloseTo(1, 3);
      expect(new Set(embeddings.map(({ source }) => source))).toEqual(new Set(['own', 'ours']));
      expect(edgebind.log()).toMatch(/"source":"bad","pipeline":"throws.mjs","error":"a fault in service"/);
      expect(edgebind.log()).toContain('it gave a vector of space another');
      const ledger = await edgebind.ledger();
      expect(ledger.filter(({ sums }) => !sums)).toEqual([]);
      expect(ledger.find(({ source, stage }) => source === 'bad' && stage === 'pipeline')?.dropped['pipelineFailed']).toBeGreaterThan(0);
    } finally {
      client.close();
      expect((await edgebind.stop('SIGTERM')).code).toBe(0);
    }
  }, 150_000);

  it.each([
    ['throws.mjs', "\nthrow new Error('not today');", /throws\.mjs:2 fails when it is imported: not today/],
    ['other.mjs', 'export const pipline = 1;', /other\.mjs exports no function "pipeline" \(it exports pipline\); write: export const/],
    ['absent.mjs', undefined, /absent\.mjs cannot be read \(.*ENOENT.*; paths begin at the folder/],
    ['typed.ts', 'export {}', /Node 20 cannot import TypeScript, compile it first/],
  ])('that cannot be used ends the start with exit code 2, file and place: %s', (name, text, why) => {
    const config = `sources:\n  - {id: own, modality: imu, from: "simulate:kitchen", pipeline: ${name}}\n`;
    const folder = site({ 'config.yaml': config, ...(text !== undefined && { [name]: text }) });
    const { status, stderr } = spawnSync(process.execPath, [cli, 'run', join(folder, 'config.yaml'), '--port', '0'], { encoding: 'utf8' });
    expect(stderr).toMatch(why);
    expect(stderr).toMatch(/config\.yaml:2:\d+ sources\[0\]\.pipeline/);
    expect(status).toBe(2);
  });
});
