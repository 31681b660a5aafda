import type { ScoreMessage } from '../core/wire.ts';
import { textTable } from './text-table.ts';

/** What `/api/v1/status` says, as far as `top` shows it. */
export interface StatusView {
  readonly server: string;
  readonly timeUs: number;
  readonly uptimeSeconds: number;
  readonly space: { readonly name: string };
  readonly sources: readonly {
    readonly id: string;
    readonly modality: string;
    readonly state: string;
    readonly reason: string;
    readonly samplesHz: number;
    readonly embeddingsHz: number;
    readonly newestUs: number;
    readonly collapsed: boolean;
    /** How much its newest window can say, 0..1. */
    readonly quality: number;
    readonly dropped: Readonly<Record<string, number>>;
  }[];
  readonly ledgerSums: boolean;
  readonly eventLoopDelayMs: { readonly p99: number };
  readonly memoryMb: number;
}

/** One moment of a running EdgeBind. */
export interface TopMoment {
  readonly status: StatusView;
  /** The newest score of each rule on each source. */
  readonly scores: readonly Pick<ScoreMessage, 'rule' | 'source' | 'score' | 'threshold' | 'endUs'>[];
}

/** Each source with rates, lag and what it lost, as a machine wants them. Times in ms; `lagMs` null: nothing has come yet. */
export const topObject = ({ status, scores }: TopMoment): object => ({
  server: status.server,
  timeUs: status.timeUs,
  uptimeSeconds: status.uptimeSeconds,
  space: status.space.name,
  ledgerSums: status.ledgerSums,
  eventLoopDelayP99Ms: status.eventLoopDelayMs.p99,
  memoryMb: status.memoryMb,
  sources: status.sources.map(({ id, modality, state, reason, samplesHz, embeddingsHz, newestUs, collapsed, quality, dropped }) => ({
    id,
    modality,
    state,
    reason,
    samplesHz,
    embeddingsHz,
    lagMs: lagMs(newestUs, status.timeUs),
    collapsed,
    quality,
    dropped,
  })),
  scores: scores.map(({ rule, source, score, threshold, endUs }) => ({ rule, source, score, threshold, endUs })),
});

/** The same for a person, no line longer than `columns`. */
export function topText({ status, scores }: TopMoment, columns: number): string {
  const sources = status.sources.map(({ id, modality, state, reason, samplesHz, embeddingsHz, newestUs, collapsed, quality, dropped }) => {
    const lag = lagMs(newestUs, status.timeUs);
    return [
      id,
      modality,
      collapsed ? `${state}, COLLAPSED` : state,
      samplesHz.toFixed(1),
      embeddingsHz.toFixed(1),
      lag === null ? '-' : `${lag}`,
      `${Object.values(dropped).reduce((sum, count) => sum + count, 0)}`,
      reason || doubt(collapsed, quality) || mostly(dropped),
    ];
  });
  const rules = scores.map(({ rule, source, score, threshold }) => [
    rule,
    source,
    score.toFixed(3),
    threshold.toFixed(3),
    score >= threshold ? 'above' : '',
  ]);
  const text = [
    `${status.server}, ${status.space.name}, up ${duration(status.uptimeSeconds)}, ${status.memoryMb} MB, loop p99 ${status.eventLoopDelayMs.p99} ms, ledger ${status.ledgerSums ? 'sums' : 'DOES NOT SUM'}\n\n`,
    textTable(
      [['source', 'modality', 'state', 'samples/s', 'vectors/s', 'lag ms', 'lost', 'why'], ...sources],
      ['left', 'left', 'left', 'right', 'right', 'right', 'right', 'left'],
    ),
    ...(rules.length > 0
      ? ['\n', textTable([['rule', 'source', 'score', 'level', ''], ...rules], ['left', 'left', 'right', 'right', 'left'])]
      : []),
  ].join('');
  return text
    .split('\n')
    .map((line) => (line.length > columns ? `${line.slice(0, columns - 1)}…` : line))
    .join('\n');
}

const lagMs = (newestUs: number, nowUs: number): number | null => (newestUs === 0 ? null : Math.round((nowUs - newestUs) / 1000));

/** Why its vectors mean little now; empty where nothing is wrong. */
function doubt(collapsed: boolean, quality: number): string {
  if (collapsed) return 'the model answers everything alike: its alerts mean nothing';
  return quality < 0.5 ? `its windows can say ${Math.round(100 * quality)} %: dark, silent, clipped or stuck` : '';
}

/** The reason for which most was lost. */
function mostly(dropped: Readonly<Record<string, number>>): string {
  const [most] = Object.entries(dropped).sort(([, a], [, b]) => b - a);
  return most ? `${most[0]} ${most[1]}` : '';
}

function duration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}
