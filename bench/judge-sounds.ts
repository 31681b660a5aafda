import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import type { AlertDraft } from '../src/alerts/active-rule.ts';
import { countAlarms, type Count, type ScoredStream } from './count-alarms.ts';
import type { SoundStream } from './sound-stream.ts';

/** A rule that looks for a class that is rare in the stream. */
export interface SoundRule {
  readonly label: string;
  readonly query: Float32Array;
}

/** What is done with a stream, and asked of the rule. */
export interface Trial {
  readonly falseAlarmsPerDay: number;
  /** Events of the rule's class that stay in the stream, by their number from 1; the others are cut out of it. */
  readonly keeps?: (event: number) => boolean;
  /** Somebody says of each alert whether it was right, a minute after it. */
  readonly isAnswered?: boolean;
}

/** One rule on one stream. */
export interface JudgedSounds extends ScoredStream {
  readonly label: string;
  readonly ours: Count;
}

const ANSWER_US = 60e6;

/** Sends a stream through the rule engine, as if it were live. */
export function judgeSounds(
  stream: SoundStream,
  { label, query }: SoundRule,
  { falseAlarmsPerDay, keeps, isAnswered }: Trial,
): JudgedSounds {
  const { hopS, windowS } = stream;
  const engine = new RuleEngine('space');
  engine.set(ruleSchema.parse({ id: label, query: { text: label }, on: ['audio'], falseAlarmsPerDay }), {
    space: 'space',
    vector: query,
  });
  const events = eventsOf(stream, label);
  const rows = stream.heard.flatMap((encoded, row) => {
    const event = events[row] ?? 0;
    return event === 0 || !keeps || keeps(event) ? [{ encoded, row, event }] : [];
  });
  const scores = new Float32Array(rows.length);
  const raised = new Uint8Array(rows.length);
  let from = rows.length;
  let up: AlertDraft | undefined;
  let isRight = false;
  let unanswered: { readonly alert: AlertDraft; readonly isRight: boolean; readonly dueUs: number }[] = [];
  for (const [i, { encoded, row, event }] of rows.entries()) {
    const startUs = 1e12 + Math.round(row * hopS * 1e6);
    const endUs = startUs + windowS * 1e6;
    for (const { alert, isRight: was } of unanswered.filter(({ dueUs }) => dueUs <= endUs)) engine.judgeAlert(alert, was);
    unanswered = unanswered.filter(({ dueUs }) => dueUs > endUs);
    const verdict = engine.judge({ source: 'mic', modality: 'audio', space: 'space', startUs, endUs, errorUs: 0, ...encoded });
    for (const change of verdict.changes) {
      if (change.state === 'raised') {
        up = change;
        isRight = false;
      } else if (up) {
        if (isAnswered) unanswered.push({ alert: up, isRight, dueUs: endUs + ANSWER_US });
        up = undefined;
      }
    }
    if (up && event > 0) isRight = true;
    for (const { score, learning } of verdict.scores) {
      scores[i] = score;
      if (learning === undefined && from > i) from = i;
    }
    raised[i] = up ? 1 : 0;
  }
  const scored = { hz: 1 / hopS, scores, events: Uint16Array.from(rows, ({ event }) => event), from };
  const ours = countAlarms(
    scored,
    (i) => raised[i] === 1,
    (i) => raised[i] === 0,
  );
  return { ...scored, label, ours };
}

/** Which event of a class each window hears some of. */
function eventsOf({ heard: windows, hopS, windowS, events }: SoundStream, label: string): Uint16Array {
  const heard = new Uint16Array(windows.length);
  let number = 0;
  for (const event of events) {
    if (event.label !== label) continue;
    number++;
    const first = Math.max(0, Math.ceil((event.fromS - windowS) / hopS));
    heard.fill(number, first, Math.min(heard.length, Math.floor(event.toS / hopS)));
  }
  return heard;
}
