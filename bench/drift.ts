import { writeFileSync } from 'node:fs';
import type { Score } from '../src/core/types.ts';
import { DAY_S, driftDays, type DriftDays } from './drift-days.ts';
import { report, type BenchOptions, type BenchReport } from './report.ts';
import { writeMarked } from './write-marked.ts';

export const name = 'drift';

const PROMPTS = ['fire', 'a dark room at night', 'a bright sunny kitchen'];
const ASKED = 2;
const DAYS = 2;
/** Of the scores of a picture that stands one is drawn. */
const DRAWN = 9;
const WIDTH = 860;
const HEIGHT = 150;
const LEFT = 50;

/** Two days of the simulator's `drift` scene through the real picture encoder: false alarms of three rules, against what they were allowed. */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const days = await driftDays({ prompts: PROMPTS, falseAlarmsPerDay: ASKED, days: DAYS, stepS: quick ? 720 : 240 });
  const ours = days.raised.filter((alert) => !days.isEvent(alert)).length;
  const allowed = PROMPTS.length * DAYS * ASKED;
  if (!quick) {
    writeFileSync('docs/drift.svg', picture(days));
    writeMarked('docs/alerts.md', name, [
      `${PROMPTS.length} rules, ${DAYS} days, allowed: ${ASKED} false alarms a day each, ${allowed} in all. Measured: **${ours}**.`,
      '',
      '![Scores and thresholds of three rules over two days of changing light](drift.svg)',
    ]);
  }
  const unit = 'false alarms in two days; the opponent is what was allowed; less is better';
  return report(name, [{ case: 'day and night', ours, opponent: allowed, ratio: ours / allowed, unit, runs: 1, spread: 0 }]);
}

/** A row for each rule: its scores, its threshold, its alerts. */
function picture(days: DriftDays): string {
  const rows = PROMPTS.map((prompt, i) => `<g transform="translate(0 ${i * HEIGHT})">${row(days, prompt, i)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT * rows.length + 20}" font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${rows.join('')}<text x="${LEFT}" y="${HEIGHT * rows.length + 8}" fill="#444">hours of the scene; grey: scores, red: threshold, dots: alerts, filled where there was nothing</text></svg>\n`;
}

function row({ scores, raised, secondsOf, isEvent }: DriftDays, prompt: string, i: number): string {
  const own = (scores[i] ?? []).filter((_, n) => n % DRAWN === 0);
  const known = own.filter(({ learning }) => learning === undefined);
  const values = [...own.map(({ score }) => score), ...known.map(({ threshold }) => threshold)];
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const x = (seconds: number): string => (LEFT + (seconds / (DAYS * DAY_S)) * (WIDTH - LEFT - 12)).toFixed(1);
  const y = (value: number): string => (HEIGHT - 24 - ((value - least) / (most - least)) * (HEIGHT - 50)).toFixed(1);
  const line = (points: readonly Score[], value: (score: Score) => number): string =>
    points.map((score) => `${x(secondsOf(score))},${y(value(score))}`).join(' ');
  const hours = Array.from({ length: DAYS * 4 + 1 }, (_, n) => n * 6);
  return [
    `<text x="${LEFT}" y="16" font-weight="600">${prompt}</text>`,
    `<polyline points="${line(own, ({ score }) => score)}" fill="none" stroke="#9aa5b1"/>`,
    `<polyline points="${line(known, ({ threshold }) => threshold)}" fill="none" stroke="#b3261e"/>`,
    ...raised
      .filter(({ rule }) => rule === `r${i}`)
      .map(
        (alert) =>
          `<circle cx="${x(secondsOf(alert))}" cy="${y(alert.score)}" r="4" fill="${isEvent(alert) ? 'none' : '#b3261e'}" stroke="#b3261e"/>`,
      ),
    ...hours.map((hour) => `<text x="${x(hour * 3600)}" y="${HEIGHT - 8}" text-anchor="middle" fill="#444">${hour}</text>`),
    ...[least, most].map((value) => `<text x="${LEFT - 6}" y="${y(value)}" text-anchor="end" fill="#444">${value.toFixed(2)}</text>`),
  ].join('');
}
