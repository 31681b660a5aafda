import { expect, it } from 'vitest';
import { topObject, topText, type TopMoment } from './top-view.ts';

const moment: TopMoment = {
  status: {
    server: 'edgebind 0.1.0',
    timeUs: 2_000_000,
    uptimeSeconds: 3725,
    space: { name: 'mini' },
    sources: [
      {
        id: 'camera',
        modality: 'image',
        state: 'live',
        reason: '',
        samplesHz: 10,
        embeddingsHz: 9.25,
        newestUs: 1_900_000,
        collapsed: false,
        quality: 1,
        dropped: { 'encode.stale': 2, 'encode.superseded': 40 },
      },
      {
        id: 'thermal',
        modality: 'thermal',
        state: 'reconnecting',
        reason: 'the connection to mqtt://127.0.0.1:1883 was lost',
        samplesHz: 0,
        embeddingsHz: 0,
        newestUs: 0,
        collapsed: false,
        quality: 1,
        dropped: {},
      },
    ],
    ledgerSums: true,
    eventLoopDelayMs: { p99: 4.2 },
    memoryMb: 512,
  },
  scores: [{ rule: 'glass', source: 'camera', score: 0.41234, threshold: 0.4, endUs: 1 }],
};

it('shows rates, lag, losses with their main reason, and who is above its level', () => {
  expect(topText(moment, 200)).toBe(
    [
      'edgebind 0.1.0, mini, up 1 h 2 min, 512 MB, loop p99 4.2 ms, ledger sums',
      '',
      'source   modality  state         samples/s  vectors/s  lag ms  lost  why',
      'camera   image     live               10.0        9.3     100    42  encode.superseded 40',
      'thermal  thermal   reconnecting        0.0        0.0       -     0  the connection to mqtt://127.0.0.1:1883 was lost',
      '',
      'rule   source  score  level',
      'glass  camera  0.412  0.400  above',
      '',
    ].join('\n'),
  );
});

it('marks a source whose model answers everything alike, and says whose windows say little', () => {
  const [camera, thermal] = moment.status.sources;
  const sources = [
    { ...camera!, collapsed: true },
    { ...thermal!, state: 'live', reason: '', quality: 0.21 },
  ];
  const lines = topText({ ...moment, status: { ...moment.status, sources } }, 200).split('\n');
  expect(lines[3]).toMatch(/live, COLLAPSED .*the model answers everything alike/);
  expect(lines[4]).toMatch(/can say 21 %: dark, silent, clipped or stuck/);
});

it('fits the terminal', () => {
  expect(
    Math.max(
      ...topText(moment, 60)
        .split('\n')
        .map((line) => line.length),
    ),
  ).toBe(60);
});

it('says the same to a machine', () => {
  expect(topObject(moment)).toMatchObject({
    ledgerSums: true,
    sources: [
      { id: 'camera', lagMs: 100 },
      { id: 'thermal', lagMs: null, reason: expect.stringContaining('lost') as string },
    ],
    scores: [{ rule: 'glass', source: 'camera', score: 0.41234, threshold: 0.4 }],
  });
});
