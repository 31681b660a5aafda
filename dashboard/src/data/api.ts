import type { LedgerLine } from '../../../src/core/ledger.ts';
import type { Modality, SourceState } from '../../../src/core/types.ts';
import { token } from './token.ts';

/** A rule as the server lists it. Fields that this page does not know travel back as they came. */
export interface Rule {
  readonly id: string;
  readonly query: { readonly text?: string; readonly [kind: string]: unknown };
  readonly on: readonly string[];
  /** With `falseAlarmsPerDay`: the level until the background is known. */
  readonly threshold?: number;
  readonly falseAlarmsPerDay?: number;
  readonly clearBelow?: number;
  readonly holdMs?: number;
  readonly cooldownMs?: number;
}

/** What a rule has learnt of a source. */
export interface Calibration {
  readonly rule: string;
  readonly source: string;
  readonly peaks: number;
  readonly peaksNeeded: number;
  /** Absent: still learning. */
  readonly threshold?: number;
  readonly expectedPerDay?: { readonly low: number; readonly expected: number; readonly high: number };
  readonly gaveUpUs?: number;
  /** Alerts of the rule that people called right and wrong. */
  readonly right?: number;
  readonly wrong?: number;
}

/** What a person says of an alert. */
export interface Feedback {
  readonly right?: boolean;
  readonly acknowledged?: boolean;
}

/** What a rule would have done on what is kept of one source. */
export interface Trial {
  readonly source: string;
  readonly alarms: number;
  readonly fromUs: number;
  readonly toUs: number;
  /** Absent: too little is kept to learn a level from. */
  readonly threshold?: number;
}

export interface SourceReport {
  readonly id: string;
  readonly modality: Modality;
  readonly state: SourceState;
  readonly reason: string;
  /** Where it comes from, without passwords. */
  readonly from?: string;
  readonly samplesHz?: number;
  readonly embeddingsHz?: number;
  /** Event time of the newest sample; 0: none yet. */
  readonly newestUs?: number;
  /** Its vectors no longer differ although its inputs do. */
  readonly collapsed?: boolean;
  /** How much its newest window can say, 0..1. */
  readonly quality?: number;
}

/** Who was in the newest fused vector. */
export interface FusionReport {
  readonly endUs: number;
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Of those present, the ones whose last vector is held beyond its age. */
  readonly held: readonly string[];
  /** Shares of 1; empty where a fusion graph weighs by itself. */
  readonly weights: Readonly<Record<string, number>>;
}

/** What of all that a sense was taught is nearest to a prompt. */
export interface KnownWord {
  readonly modality: Modality;
  readonly nearest: string;
  readonly distance: number;
  /** So far that scores mean little. */
  readonly isFar: boolean;
}

/** A new bundle that cannot take over. */
export interface RefusedModel {
  readonly dir: string;
  readonly code: string;
  readonly reason: string;
}

export interface StatusReport {
  readonly sources?: readonly SourceReport[];
  /** Delay of the server's event loop, 99th percentile. */
  readonly eventLoopDelayMs?: { readonly p99?: number };
  readonly timeUs?: number;
  readonly model?: { readonly refused?: RefusedModel };
  readonly fusion?: FusionReport;
}

/** The server wants a token, or another one. */
export class UnauthorizedError extends Error {
  override readonly name: string = 'UnauthorizedError';
}

async function ask(path: string, init: RequestInit = {}): Promise<unknown> {
  const secret = token.get();
  const headers = { 'content-type': 'application/json', ...(secret ? { authorization: `Bearer ${secret}` } : {}) };
  const response = await fetch(`/api/v1/${path}`, { ...init, headers, signal: AbortSignal.timeout(10_000) });
  if (response.status === 401) throw new UnauthorizedError('the server asks for a token');
  const text = await response.text();
  const body = parse(text);
  if (!response.ok) throw new Error(complaint(body) ?? `the server answered ${response.status}`);
  return body;
}

/** The server's present state, rules and ledger, and ways to change rules. Errors carry the server's own words. */
export const api = {
  status: async (): Promise<StatusReport> => (await ask('status')) as StatusReport,
  ledger: async (): Promise<readonly LedgerLine[]> => listIn(await ask('ledger'), 'lines') as LedgerLine[],
  rules: async (): Promise<readonly Rule[]> => listIn(await ask('rules'), 'rules') as Rule[],
  calibrations: async (): Promise<readonly Calibration[]> => listIn(await ask('calibrations'), 'calibrations') as Calibration[],
  /** What people have said of alerts, oldest first. */
  feedback: async (): Promise<readonly (Feedback & { readonly id: string })[]> =>
    listIn(await ask('feedback?limit=500'), 'feedback') as (Feedback & { id: string })[],
  say: async (alert: string, feedback: Feedback): Promise<void> => {
    await ask(`alerts/${encodeURIComponent(alert)}/feedback`, { method: 'POST', body: JSON.stringify(feedback) });
  },
  /** What a rule would have done; it is not put into force. */
  tryRule: async ({ id, ...body }: Rule): Promise<readonly Trial[]> =>
    listIn(await ask(`rules/${encodeURIComponent(id)}/try`, { method: 'POST', body: JSON.stringify(body) }), 'trials') as Trial[],
  putRule: async ({ id, ...body }: Rule): Promise<void> => {
    await ask(`rules/${encodeURIComponent(id)}`, { method: 'PUT', body: JSON.stringify(body) });
  },
  /** How far a prompt is from what each of the senses was taught. */
  known: async (text: string, modalities: readonly string[]): Promise<readonly KnownWord[]> =>
    listIn(await ask('known', { method: 'POST', body: JSON.stringify({ text, modalities }) }), 'senses') as KnownWord[],
  deleteRule: async (id: string): Promise<void> => {
    await ask(`rules/${encodeURIComponent(id)}`, { method: 'DELETE' });
  },
};

/** A list is an answer by itself, or a field of it. */
function listIn(body: unknown, field: string): readonly unknown[] {
  if (Array.isArray(body)) return body;
  const list = typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[field] : undefined;
  return Array.isArray(list) ? list : [];
}

function complaint(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { message, error } = body as { message?: unknown; error?: unknown };
  if (typeof message === 'string') return message;
  return typeof error === 'string' ? error : complaint(error);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
