/** What a person or a program may get wrong when it edits rules live: each is told, and the rules in force are untouched. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeNpy } from '../src/frontends/npy.ts';
import { startEdgeBindIn, type EdgeBindProcess } from './helpers/edgebind-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-bad-rules-'));
const more = { on: ['heat'], threshold: 0.5 };
const BAD: readonly (readonly [string, object, string, RegExp])[] = [
  ['an empty prompt', { query: { text: '  ' }, ...more }, 'INVALID_RULE', /at least one word/],
  ['10,000 words', { query: { text: 'word '.repeat(10_000) }, ...more }, 'INVALID_RULE', /at most 1,000 characters/],
  ['a broken picture', { query: { image: 'broken.jpg' }, ...more }, 'QUERY_FAILED', /^broken\.jpg: .*cannot be decoded[^\n]*$/],
  ['a broken sound', { query: { audio: 'broken.jpg' }, ...more }, 'SOUND_UNREADABLE', /broken\.jpg: no sound could be read/],
  ['a file that is not there', { query: { image: 'none.jpg' }, ...more }, 'EXAMPLE_UNREADABLE', /none\.jpg.*ENOENT/],
  ['a vector of another space', { query: { vector: 'short.npy' }, ...more }, 'VECTOR_SHAPE', /short\.npy: has 7 numbers/],
  ['a vector with NaN', { query: { vector: 'nan.npy' }, ...more }, 'VECTOR_NOT_FINITE', /nan\.npy: holds NaN/],
  ['a vector that is none', { query: { vector: 'broken.jpg' }, ...more }, 'EXAMPLE_UNREADABLE', /broken\.jpg: not a \.npy file/],
  ['an unknown source', { query: { text: 'fire' }, ...more, on: ['heatt'] }, 'UNKNOWN_SOURCE', /did you mean "heat"/],
  [
    'a clear above the raise',
    { query: { text: 'fire' }, ...more, clearBelow: 0.6 },
    'INVALID_RULE',
    /clearBelow must not be above threshold/,
  ],
  ['two that never agree', { query: { disagreement: ['heat', 'heatt'] }, ...more }, 'UNKNOWN_SOURCE', /query\.disagreement\.1: .*"heat"/],
  ['an unknown rule before it', { query: { text: 'fire' }, ...more, after: { rule: 'fier', withinMs: 9 } }, 'UNKNOWN_RULE_NAMED', /"fier"/],
  [
    'rules that wait for each other',
    { query: { text: 'fire' }, ...more, after: { rule: 'smoke', withinMs: 9 } },
    'RULES_WAIT',
    /fire waits for smoke waits for fire/,
  ],
  ['more sources than there are', { query: { text: 'fire' }, ...more, atLeast: { sources: 2, withinMs: 9 } }, 'TOO_FEW_SOURCES', /1: heat/],
  ['a moment of an unknown source', { query: { moment: { source: 'heatt', timeUs: 1 } }, ...more }, 'UNKNOWN_SOURCE', /"heat"/],
  ['a list for a vector', { query: { vector: [1, 2] }, ...more }, 'INVALID_RULE', /query\.vector: the path of a \.npy file/],
  ['neither a rate nor a threshold', { query: { text: 'fire' }, on: ['heat'] }, 'INVALID_RULE', /give falseAlarmsPerDay/],
  ['another id than its own', { id: 'other', query: { text: 'fire' }, ...more }, 'INVALID_RULE', /says "other", but is put as/],
  ['a word that is mistyped', { query: { text: 'fire' }, ...more, treshold: 0.5 }, 'INVALID_RULE', /treshold/],
];

describe('rules that cannot be put into force', () => {
  let edgebind: EdgeBindProcess;
  const rules = async (): Promise<unknown> => ((await edgebind.get('/api/v1/rules')) as { rules: unknown }).rules;
  let before: unknown;

  beforeAll(async () => {
    writeFileSync(join(folder, 'broken.jpg'), Buffer.from([0xff, 0xd8, 0xff, 0xe0, ...Buffer.from('garbage'.repeat(50))]));
    writeFileSync(join(folder, 'short.npy'), writeNpy({ shape: [7], data: new Float32Array(7).fill(1) }));
    writeFileSync(
      join(folder, 'config.yaml'),
      JSON.stringify({
        model: 'models/mini',
        sources: [{ id: 'heat', modality: 'thermal', from: 'simulate:calm' }],
        alerts: [
          { id: 'fire', query: { text: 'a fire' }, on: ['heat'], falseAlarmsPerDay: 2 },
          { id: 'smoke', query: { text: 'smoke' }, on: ['heat'], falseAlarmsPerDay: 2, after: { rule: 'fire', withinMs: 60_000 } },
        ],
      }),
    );
    edgebind = await startEdgeBindIn(folder);
    const { model } = (await edgebind.get('/api/v1/status')) as { model: { spaces: { dim: number }[] } };
    const { dim } = model.spaces[0]!;
    writeFileSync(join(folder, 'nan.npy'), writeNpy({ shape: [dim], data: new Float32Array(dim).fill(Number.NaN) }));
    before = await rules();
  });
  afterAll(async () => {
    await edgebind.stop('SIGKILL');
  });

  it('over HTTP, are answered with what is wrong', async () => {
    for (const [what, body, code, words] of BAD) {
      // A rule of that name is in force: it stays as it is.
      const response = await fetch(new URL('/api/v1/rules/fire', edgebind.url), {
        method: 'PUT',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      const answer = (await response.json()) as { code: string; message: string };
      expect([what, response.status, answer.code]).toEqual([what, 400, code]);
      expect(answer.message).toMatch(words);
    }
    expect(await rules()).toEqual(before);
    expect((await edgebind.get('/api/v1/audit')) as object).toMatchObject({ changes: [] });
  });

  it('keeps a rule that another one waits for', async () => {
    const response = await fetch(new URL('/api/v1/rules/fire', edgebind.url), { method: 'DELETE' });
    expect([response.status, await response.json()]).toEqual([
      400,
      { code: 'RULE_NEEDED', message: '"after" of smoke names "fire": change or delete that rule first' },
    ]);
    expect(await rules()).toEqual(before);
  });

  it('over WebSocket, are answered with the same', async () => {
    const socket = new WebSocket(new URL('/v1/stream', edgebind.url.replace('http', 'ws')), 'edgebind.v1');
    await new Promise((resolve) => socket.once('open', resolve));
    const answerTo = (ref: string): Promise<{ code?: string; message?: string }> =>
      new Promise((resolve) => {
        const hear = (bytes: Buffer): void => {
          const message = JSON.parse(bytes.toString()) as { op: string; ref?: string; code?: string; message?: string };
          if (message.ref !== ref) return;
          socket.off('message', hear);
          resolve(message);
        };
        socket.on('message', hear);
      });
    for (const [what, body, code, words] of BAD) {
      socket.send(JSON.stringify({ op: 'putRule', ref: what, id: 'fire', rule: body }));
      const answer = await answerTo(what);
      expect([what, answer.code]).toEqual([what, code]);
      expect(answer.message).toMatch(words);
    }
    socket.close();
    expect(await rules()).toEqual(before);
  });
});
