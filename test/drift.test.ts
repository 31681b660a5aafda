/** The simulator's day and night, through the real picture encoder and the rules. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Subject } from 'rxjs';
import { expect, it } from 'vitest';
import { openScene } from '../devices/simulator/open-scene.ts';
import { renderCamera } from '../devices/simulator/render-camera.ts';
import { happeningAt } from '../devices/simulator/scene.ts';
import { alerts } from '../pipelines/alerts.ts';
import type { Judged } from '../src/alerts/active-rule.ts';
import { FileAlertLog } from '../src/alerts/alert-log.ts';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { withEncoders } from '../src/cli/with-encoders.ts';
import type { Alert } from '../src/core/types.ts';

const DAY_S = 86_400;
/** A picture every six minutes: the light changes faster from one to the next than a camera would ever see it. */
const STEP_S = 360;
const HELD = 9;
const RULES = ['fire', 'a dark room at night', 'a bright sunny kitchen'];

it('a simulated day and night give no flood of alarms at dusk or dawn, though what the camera sees changes with the light', async () => {
  const scene = openScene('drift');
  const stretch = DAY_S / (scene.daySeconds ?? DAY_S);
  const pictures: { readonly atS: number; readonly vector: Float32Array }[] = [];
  await withEncoders('models/mini', ['image', 'text'], async (encoders) => {
    const engine = new RuleEngine('s');
    for (const [i, text] of RULES.entries())
      engine.set(ruleSchema.parse({ id: `r${i}`, query: { text }, on: ['image'], falseAlarmsPerDay: 2 }), {
        space: 's',
        vector: await encoders.embedText(text),
      });
    for (let atS = 0; atS < DAY_S; atS += STEP_S) {
      const picture = await renderCamera(scene, Math.round((atS / stretch) * scene.rates.camera));
      pictures.push({ atS, vector: await encoders.embedPicture(picture) });
    }
    const judged$ = new Subject<Judged>();
    const told: Alert[] = [];
    const levels = RULES.map(() => [] as number[]);
    alerts(judged$, engine, FileAlertLog.open(join(mkdtempSync(join(tmpdir(), 'edgebind-drift-')), 'alerts.jsonl'))).subscribe((one) => {
      told.push(...one.alerts);
      for (const { rule, score } of one.scores) levels[Number(rule.slice(1))]?.push(score);
    });
    // Two days: the first night is still being learnt. Each picture is looked at for as long as it stands, as a still scene is.
    for (let day = 0; day < 2; day++)
      for (const { atS, vector } of pictures)
        for (let held = 0; held < HELD; held++) {
          const startUs = 1e12 + Math.round((day * DAY_S + atS + (held * STEP_S) / HELD) * 1e6);
          judged$.next({ source: 'camera', modality: 'image', space: 's', startUs, endUs: startUs + 1e6, errorUs: 0, vector });
        }
    const raised = told.filter(({ state }) => state === 'raised');
    const isFire = ({ endUs }: Alert): boolean => happeningAt(scene, ((endUs - 1e12) / 1e6 - 1) / stretch) !== undefined;
    // The light is in the scores: without following it, one side of dusk would be an alarm.
    for (const one of levels) {
      const sorted = one.toSorted((a, b) => a - b);
      expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)).toBeGreaterThan(0.03);
    }
    // Asked were two a day for each of three rules: twelve.
    expect(raised.filter((alert) => !isFire(alert)).length).toBeLessThanOrEqual(6);
    // The fires are found, by day and by night.
    const fires = new Set(
      raised.filter((alert) => alert.rule === 'r0' && isFire(alert)).map(({ endUs }) => Math.round((endUs - 1e12) / 7200e6)),
    );
    expect(fires.size).toBeGreaterThanOrEqual(3);
  });
});
