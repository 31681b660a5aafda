import type { McapTypes } from '@mcap/core';
import { z } from 'zod';
import { floatsOf, holdsFloats } from '../core/base64.ts';
import { PayloadError } from '../core/errors.ts';
import { standingSchema, type Checkpoint } from '../core/checkpoint.ts';
import type { Fused } from '../core/fused.ts';
import type { LedgerLine } from '../core/ledger.ts';
import { modalitySchema, senseSchema } from '../core/modality-schema.ts';
import {
  type Alert,
  type Embedding,
  type Modality,
  type Payload,
  type Reading,
  type Sample,
  type Score,
  type SourceStatus,
} from '../core/types.ts';
import type { Placed } from './in-place.ts';
import { decodeReading, decodeVector, type RecordedReading } from './messages.ts';
import { motionReadings } from './motion-columns.ts';
import { parseJson, parseSession, type Session } from './session.ts';
import type { Topic } from './topic.ts';

/** A window that was not encoded, and why: a word of the ledger's stage `encode`. */
export interface RecordedDrop {
  readonly source: string;
  readonly modality: Modality;
  readonly startUs: number;
  readonly endUs: number;
  /** Sequence number of its first sample. */
  readonly first: number;
  readonly reason: string;
}

/**
 * A rule that was in force, and its query as a vector of that run's space; novelty and disagreement have none. `rule` is as the config
 * states it, not yet checked.
 */
export interface RecordedRule {
  readonly rule: unknown;
  readonly query?: { readonly space: string; readonly vector: Float32Array };
}

/** One thing that happened in the recorded run. `atUs`: host time when it did. */
export type RecordedEvent = { readonly atUs: number } & (
  | {
      readonly kind: 'reading';
      readonly source: string;
      readonly modality: Modality;
      /** As it came from the device: give it to the same pipeline, after `asItCame`. */
      readonly reading: Reading;
      /** The same on the common timeline, as the recorded run's clock model placed it; absent where it refused the stamp. */
      readonly sample?: Sample;
      /** The pipeline saw the picture decoded. */
      readonly isDecoded?: true;
    }
  | { readonly kind: 'embedding'; readonly source: string; readonly embedding: Embedding }
  | { readonly kind: 'fused'; readonly source: string; readonly fused: Fused }
  | { readonly kind: 'score'; readonly source: string; readonly score: Score }
  | { readonly kind: 'alert'; readonly source: string; readonly alert: Alert }
  | { readonly kind: 'status'; readonly source: string; readonly status: SourceStatus }
  | { readonly kind: 'drop'; readonly source: string; readonly drop: RecordedDrop }
  | { readonly kind: 'ledger'; readonly lines: readonly LedgerLine[] }
  | { readonly kind: 'session'; readonly session: Session }
  /** A timer of a decision (a tick of fusion) fired, at exactly this time. */
  | { readonly kind: 'wake' }
  /** The host's clock was set; event time moved by so much. */
  | { readonly kind: 'hostStep'; readonly byUs: number }
  | { readonly kind: 'rules'; readonly rules: readonly RecordedRule[] }
  /** What the rules had learnt when the run began, as a file of backgrounds; for so many there was no room. */
  | { readonly kind: 'learnt'; readonly base: Uint8Array; readonly leftOut: number }
  /**
   * What the rules knew here, before a piece around an alert: from `fromUs` on it is in the recording, and is judged from here on. What lies
   * between lets windows and fusion fill themselves. With `alerts`, those that stood or rested, it is that of a file that goes on with a
   * run, for who begins with this file.
   */
  | { readonly kind: 'checkpoint'; readonly fromUs: number; readonly checkpoint: Checkpoint; readonly alerts?: readonly unknown[] }
  /** Somebody said whether an alert was right. */
  | { readonly kind: 'verdict'; readonly source: string; readonly alert: Alert; readonly isRight: boolean }
);

const sense = senseSchema;
const span = { source: z.string(), startUs: z.number(), endUs: z.number() };
const judged = { ...span, rule: z.string(), modality: sense, score: z.number(), threshold: z.number() };
const vectorHead = {
  ...span,
  space: z.string(),
  seq: z.number(),
  errorUs: z.number(),
  confidence: z.number().min(0).max(1).exactOptional(),
};
const embeddingHead = z.object({
  ...vectorHead,
  modality: modalitySchema,
  coverage: z.number(),
  samples: z.object({ first: z.number(), last: z.number(), missing: z.number() }),
});
const fusedHead = z.object({
  ...vectorHead,
  tickUs: z.number().optional(),
  present: z.array(z.string()),
  missing: z.array(z.string()),
  held: z.array(z.string()),
  weights: z.record(z.string(), z.number()),
});
const scoreSchema = z.object(judged);
const alertSchema = z.object({
  ...judged,
  cursor: z.number().int(),
  id: z.string(),
  state: z.enum(['raised', 'cleared']),
  query: z.string(),
});
const statusSchema = z.object({
  source: z.string(),
  state: z.enum(['starting', 'live', 'silent', 'reconnecting', 'failed', 'stopped']),
  reason: z.string(),
});
const dropSchema = z.object({ ...span, first: z.number(), modality: modalitySchema, reason: z.string() });
const counts = z.record(z.string(), z.number());
const ledgerSchema = z.object({
  lines: z.array(
    z.object({
      source: z.string(),
      stage: z.string(),
      received: z.number(),
      emitted: z.number(),
      dropped: counts,
      inFlight: z.number(),
      noted: counts,
      sums: z.boolean(),
    }),
  ),
});
const ruleSchema = z.object({ rule: z.unknown(), space: z.string().optional(), vector: z.base64().optional() });
const rulesSchema = z.object({ rules: z.array(ruleSchema) });
const learntSchema = z.object({ base: z.base64(), leftOut: z.number() });
const checkpointSchema = z.object({
  fromUs: z.number(),
  base: z.base64(),
  leftOut: z.number(),
  standing: standingSchema,
  alerts: z.array(z.unknown()).optional(),
});
const verdictSchema = z.object({ alert: alertSchema, isRight: z.boolean() });

/**
 * The events that a message of ours stands for: one, or many readings of motion.
 *
 * @throws PayloadError `badMessage`
 */
export function parseEvents(topic: Topic, message: McapTypes.TypedMcapRecords['Message'], file: string): readonly Placed<RecordedEvent>[] {
  const many = topic.payload === 'imu' ? motionReadings(message.data) : undefined;
  if (many)
    return many.map(({ arrivalUs: atUs, eventUs, place, reading }) => ({ item: readingEvent(topic, reading, atUs, eventUs), atUs, place }));
  const item = parseEvent(topic, message, file);
  return [{ item, atUs: item.atUs }];
}

function parseEvent(topic: Topic, message: McapTypes.TypedMcapRecords['Message'], file: string): RecordedEvent {
  const atUs = Number(message.logTime / 1000n);
  const { data } = message;
  switch (topic.kind) {
    case 'reading':
      return readingEvent(topic, decodeReading(topic.payload ?? 'imu', data), atUs, Number(message.publishTime / 1000n));
    case 'embedding': {
      const { text, vector } = decodeVector(data);
      const head = checked(embeddingHead, parseJson(Buffer.from(text)), 'embedding');
      return { kind: 'embedding', atUs, source: head.source, embedding: { ...head, vector } };
    }
    case 'fused': {
      const { text, vector } = decodeVector(data);
      const head = checked(fusedHead, parseJson(Buffer.from(text)), 'fused vector');
      return { kind: 'fused', atUs, source: head.source, fused: { ...head, vector } };
    }
    case 'score': {
      const score = checked(scoreSchema, parseJson(data), 'score');
      return { kind: 'score', atUs, source: score.source, score };
    }
    case 'alert': {
      const alert = checked(alertSchema, parseJson(data), 'alert');
      return { kind: 'alert', atUs, source: alert.source, alert };
    }
    case 'status': {
      const status = checked(statusSchema, parseJson(data), 'status');
      return { kind: 'status', atUs, source: status.source, status };
    }
    case 'drop': {
      const drop = checked(dropSchema, parseJson(data), 'drop');
      return { kind: 'drop', atUs, source: drop.source, drop };
    }
    case 'ledger':
      return { kind: 'ledger', atUs, lines: checked(ledgerSchema, parseJson(data), 'ledger').lines };
    case 'hostStep':
      return { kind: 'hostStep', atUs, byUs: checked(z.object({ byUs: z.number() }), parseJson(data), 'step of the clock').byUs };
    case 'wake':
      return { kind: 'wake', atUs };
    case 'session':
      return { kind: 'session', atUs, session: parseSession(data, file) };
    case 'rules': {
      const { rules } = checked(rulesSchema, parseJson(data), 'rules');
      return { kind: 'rules', atUs, rules: rules.map(recordedRule) };
    }
    case 'learnt': {
      const { base, leftOut } = checked(learntSchema, parseJson(data), 'state of learning');
      return { kind: 'learnt', atUs, base: Uint8Array.from(Buffer.from(base, 'base64')), leftOut };
    }
    case 'checkpoint': {
      const { fromUs, base, alerts, ...rest } = checked(checkpointSchema, parseJson(data), 'checkpoint');
      const checkpoint = { ...rest, base: Uint8Array.from(Buffer.from(base, 'base64')) };
      return { kind: 'checkpoint', atUs, fromUs, checkpoint, ...(alerts && { alerts }) };
    }
    case 'verdict': {
      const { alert, isRight } = checked(verdictSchema, parseJson(data), 'verdict');
      return { kind: 'verdict', atUs, source: alert.source, alert, isRight };
    }
  }
}

const recordedRule = ({ rule, space, vector }: z.output<typeof ruleSchema>): RecordedRule =>
  space === undefined || vector === undefined ? { rule } : { rule, query: { space, vector: floats(vector) } };

function readingEvent(topic: Topic, recorded: RecordedReading, atUs: number, timeUs: number): RecordedEvent {
  const { source, modality = 'imu', payload: kind } = topic;
  const { payload, deviceUs, seq, sampleSeq, errorUs } = recorded;
  const reading: Reading = { arrivalUs: atUs, ...(deviceUs !== undefined && { deviceUs }), ...(seq !== undefined && { seq }), payload };
  const sample =
    errorUs === undefined || sampleSeq === undefined
      ? undefined
      : { source, modality, seq: sampleSeq, timeUs, durationUs: durationUs(payload), errorUs, payload };
  return { kind: 'reading', atUs, source, modality, reading, ...(sample && { sample }), ...(kind === 'jpeg' && { isDecoded: true }) };
}

const durationUs = (payload: Payload): number => (payload.kind === 'pcm' ? Math.round((payload.data.length * 1e6) / payload.rateHz) : 0);

/** What was written itself, not a copy in the schema's order: alerts are compared byte for byte. */
function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new PayloadError('badMessage', `a recorded ${what} does not fit: ${z.prettifyError(parsed.error)}`);
  return value as T;
}

function floats(base64: string): Float32Array {
  if (!holdsFloats(base64))
    throw new PayloadError('badMessage', `a vector of ${Buffer.byteLength(base64, 'base64')} bytes; wanted a multiple of 4`);
  return floatsOf(base64);
}
