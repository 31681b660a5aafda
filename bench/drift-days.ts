import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { openScene } from '../devices/simulator/open-scene.ts';
import { renderCamera } from '../devices/simulator/render-camera.ts';
import { happeningAt } from '../devices/simulator/scene.ts';
import { alerts } from '../pipelines/alerts.ts';
import type { Judged } from '../src/alerts/active-rule.ts';
import { FileAlertLog } from '../src/alerts/alert-log.ts';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { withEncoders } from '../src/cli/with-encoders.ts';
import type { Alert, Score } from '../src/core/types.ts';

export const DAY_S = 86_400;
const BEGIN_US = 1e12;
/** Each picture is looked at for as long as it stands, as a still scene is. */
const HELD = 9;

export interface DriftDaysOptions {
  /** Words, each a rule `r0`, `r1` ... */
  readonly prompts: readonly string[];
  readonly falseAlarmsPerDay: number;
  readonly days: number;
  /** Real seconds from one picture to the next. */
  readonly stepS: number;
}

export interface DriftDays {
  readonly raised: readonly Alert[];
  /** Of each rule, in the order of time. */
  readonly scores: readonly (readonly Score[])[];
  /** Seconds since the beginning. */
  readonly secondsOf: (fact: { readonly endUs: number }) => number;
  /** Whether the scene shows something that the first rule is about. */
  readonly isEvent: (fact: { readonly endUs: number }) => boolean;
}

/**
 * The simulator's `drift` scene, stretched to real days, through the real picture encoder and the rules: the light of day and night, and a
 * fire now and then.
 */
export async function driftDays({ prompts, falseAlarmsPerDay, days, stepS }: DriftDaysOptions): Promise<DriftDays> {
  const scene = openScene('drift');
  const stretch = DAY_S / (scene.daySeconds ?? DAY_S);
  const engine = new RuleEngine('s');
  const pictures: { readonly atS: number; readonly vector: Float32Array }[] = [];
  await withEncoders('models/mini', ['image', 'text'], async (encoders) => {
    for (const [i, text] of prompts.entries())
      engine.set(ruleSchema.parse({ id: `r${i}`, query: { text }, on: ['image'], falseAlarmsPerDay }), {
        space: 's',
        vector: await encoders.embedText(text),
      });
    for (let atS = 0; atS < DAY_S; atS += stepS) {
      const picture = await renderCamera(scene, Math.round((atS / stretch) * scene.rates.camera));
      pictures.push({ atS, vector: await encoders.embedPicture(picture) });
    }
  });
  const judged$ = new Subject<Judged>();
  const told: Alert[] = [];
  const scores = prompts.map(() => [] as Score[]);
  alerts(judged$, engine, FileAlertLog.open(join(mkdtempSync(join(tmpdir(), 'edgebind-drift-')), 'alerts.jsonl'))).subscribe((one) => {
    told.push(...one.alerts);
    for (const score of one.scores) scores[Number(score.rule.slice(1))]?.push(score);
  });
  for (let day = 0; day < days; day++)
    for (const { atS, vector } of pictures)
      for (let held = 0; held < HELD; held++) {
        const startUs = BEGIN_US + Math.round((day * DAY_S + atS + (held * stepS) / HELD) * 1e6);
        judged$.next({ source: 'camera', modality: 'image', space: 's', startUs, endUs: startUs + 1e6, errorUs: 0, vector });
      }
  const secondsOf = ({ endUs }: { readonly endUs: number }): number => (endUs - BEGIN_US) / 1e6 - 1;
  return {
    raised: told.filter(({ state }) => state === 'raised'),
    scores,
    secondsOf,
    isEvent: (fact) => happeningAt(scene, secondsOf(fact) / stretch) !== undefined,
  };
}
