import type { Judged } from '../alerts/active-rule.ts';
import { RuleEngine } from '../alerts/rule-engine.ts';
import type { Rule } from '../alerts/rule.ts';
import { toldBackground, type ToldBackground } from '../alerts/told-background.ts';
import type { Recording } from '../recording/open-recording.ts';
import type { RecordedEvent } from '../recording/recorded-event.ts';
import type { SpaceVector } from '../space/vector.ts';
import { parseRules } from './replay/parse-rules.ts';

/** A rule and what it looks for; novelty and disagreement have no vector. */
export interface RuleToCalibrate {
  readonly rule: Rule;
  readonly query?: SpaceVector | undefined;
}

export interface RecordedCalibration {
  readonly backgrounds: readonly ToldBackground[];
  readonly windows: number;
  /** Windows of another model's space, which were left out. */
  readonly otherSpace: number;
}

/** The rules that were in force in a recording, each as it was last, in the space that the recording begins with. */
export async function recordedRules(recording: Recording): Promise<RuleToCalibrate[]> {
  const space = recording.session.space.id;
  const newest = new Map<string, RuleToCalibrate>();
  for await (const event of recording.events({ kinds: ['rules'] })) {
    if (event.kind !== 'rules') continue;
    for (const { rule, query } of parseRules(event.rules, 'say what to look for with --text'))
      if (!query || query.space === space) newest.set(rule.id, { rule, query });
  }
  return [...newest.values()];
}

/**
 * What rules learn from the windows of a recording, as they would have live: in the order of the recording, alerts left out of the
 * background.
 *
 * @param onWindow told how many windows were judged so far
 */
export async function calibrateRecording(
  recording: Recording,
  rules: readonly RuleToCalibrate[],
  onWindow: (windows: number) => void = () => undefined,
): Promise<RecordedCalibration> {
  const space = recording.session.space.id;
  const engine = new RuleEngine(space);
  engine.tellScores(() => false);
  for (const { rule, query } of rules) engine.set(rule, ...(query ? [query] : []));
  let [windows, otherSpace] = [0, 0];
  for await (const event of recording.events({ kinds: ['embedding', 'fused'] })) {
    const judged = judgedOf(event);
    if (!judged) continue;
    if (judged.space !== space) {
      otherSpace++;
      continue;
    }
    engine.judge(judged);
    onWindow(++windows);
  }
  const asked = new Map(rules.map(({ rule }) => [rule.id, rule.falseAlarmsPerDay]));
  const backgrounds = engine.calibrations().flatMap(({ rule, source }) => {
    const background = engine.background(rule, source);
    return background ? [toldBackground(rule, source, asked.get(rule), background)] : [];
  });
  return { backgrounds, windows, otherSpace };
}

function judgedOf(event: RecordedEvent): Judged | undefined {
  if (event.kind === 'embedding') return event.embedding;
  if (event.kind === 'fused') return { ...event.fused, modality: 'fused' };
  return undefined;
}
