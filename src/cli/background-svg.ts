import type { ToldBackground } from '../alerts/told-background.ts';
import { cosineAt, spreadsTo } from '../space/background.ts';
import { rateAt } from '../space/pareto-tail.ts';
import { rateWords } from './rate-words.ts';

const WIDTH = 860;
const HEIGHT = 250;
const TOP = 44;
const BOTTOM = 36;
/** Where each of the two charts begins and ends. */
const LEFT = { from: 44, to: 440 };
const RIGHT = { from: 510, to: WIDTH - 16 };
const INK = '#5b7fa6';
const RED = '#b3261e';
const DAY_MINUTES = 1440;
const STEPS = 60;

/** One row under the other: on the left the histogram on a logarithmic scale, on the right how often a day the peaks reach a score. */
export function backgroundSvg(backgrounds: readonly ToldBackground[]): string {
  const rows = backgrounds.map((background, i) => `<g transform="translate(0 ${i * HEIGHT})">${row(background)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT * backgrounds.length}" font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${rows.join('')}</svg>\n`;
}

function row(background: ToldBackground): string {
  const { rule, source, asked, expectedPerDay, watchedMinutes } = background;
  const says = expectedPerDay ? `at most ${asked ?? '?'} false alarms a day; expected ${rateWords(expectedPerDay)}` : 'no threshold yet';
  return [
    `<text x="${LEFT.from}" y="18" font-weight="600">${escaped(`${rule} on ${source}, ${watchedMinutes} min: ${says}`)}</text>`,
    histogram(background),
    tail(background),
  ].join('');
}

function histogram({ level, spread, threshold, histogram: { counts, fromSpreads, stepSpreads } }: ToldBackground): string {
  const score = (spreads: number): number => cosineAt({ level, spread }, spreads);
  const lowest = score(fromSpreads);
  const highest = Math.max(score(fromSpreads + stepSpreads * counts.length), (threshold ?? level) + spread);
  const x = scale(lowest, highest, LEFT);
  const most = Math.log10(1 + Math.max(1, ...counts));
  const y = (count: number): number => HEIGHT - BOTTOM - (Math.log10(1 + count) / most) * (HEIGHT - BOTTOM - TOP);
  const bars = counts.map((count, i) => {
    const from = score(fromSpreads + stepSpreads * i);
    const width = Math.max(1, x(score(fromSpreads + stepSpreads * (i + 1))) - x(from) - 1);
    return count > 0
      ? `<rect x="${x(from).toFixed(1)}" y="${y(count).toFixed(1)}" width="${width.toFixed(1)}" height="${(HEIGHT - BOTTOM - y(count)).toFixed(1)}" fill="${INK}"/>`
      : '';
  });
  return [
    `<text x="${LEFT.from}" y="${TOP - 10}" fill="#444">scores, each ten times as high: ten times as many</text>`,
    ...bars,
    axis(lowest, highest, LEFT),
    mark(threshold, x),
  ].join('');
}

/** Peaks a day at or above each score: as they were, as the tail expects them, and the range that holds it in nine cases of ten. */
function tail({ level, spread, threshold, asked, watchedMinutes, highest, tail: fitted }: ToldBackground): string {
  if (!fitted || highest.length === 0 || watchedMinutes <= 0) return '';
  const days = watchedMinutes / DAY_MINUTES;
  const score = (spreads: number): number => cosineAt({ level, spread }, spreads);
  const from = fitted.from;
  const to = Math.max(highest.at(-1) ?? from, threshold === undefined ? from : spreadsTo({ level, spread }, threshold)) + 1;
  const most = Math.log10(highest.length / days) + 0.2;
  const least = Math.min(Math.log10(0.5 / days), asked === undefined ? Infinity : Math.log10(asked)) - 0.7;
  const x = scale(score(from), score(to), RIGHT);
  const y = (perDay: number): number =>
    HEIGHT - BOTTOM - ((Math.max(least, Math.log10(perDay)) - least) / (most - least)) * (HEIGHT - BOTTOM - TOP);
  const at = Array.from({ length: STEPS + 1 }, (_, i) => from + ((to - from) * i) / STEPS);
  const rates = at.map((height) => ({ height, ...rateAt(fitted, height) }));
  const point = (height: number, perDay: number): string => `${x(score(height)).toFixed(1)},${y(perDay).toFixed(1)}`;
  const band = [
    ...rates.map(({ height, high }) => point(height, high)),
    ...rates.toReversed().map(({ height, low }) => point(height, low)),
  ];
  const dots = highest.map((height, i) => (height < from ? '' : dot(point(height, (highest.length - i) / days))));
  const powers = Array.from({ length: Math.floor(most) - Math.ceil(least) + 1 }, (_, i) => 10 ** (Math.ceil(least) + i));
  return [
    `<text x="${RIGHT.from}" y="${TOP - 10}" fill="#444">peaks a day at or above: seen, expected, 90 % range</text>`,
    `<polygon points="${band.join(' ')}" fill="${INK}" opacity="0.2"/>`,
    `<polyline points="${rates.map(({ height, expected }) => point(height, expected)).join(' ')}" fill="none" stroke="${INK}" stroke-width="2"/>`,
    ...dots,
    ...powers.map(
      (power) =>
        `<text x="${RIGHT.from - 6}" y="${(y(power) + 4).toFixed(1)}" text-anchor="end" fill="#444">${Number(power.toPrecision(1))}</text>`,
    ),
    asked === undefined
      ? ''
      : `<line x1="${RIGHT.from}" x2="${RIGHT.to}" y1="${y(asked).toFixed(1)}" y2="${y(asked).toFixed(1)}" stroke="${RED}" stroke-dasharray="2 3"/>`,
    axis(score(from), score(to), RIGHT),
    mark(threshold, x),
  ].join('');
}

const dot = (point: string): string => {
  const [cx, cy] = point.split(',');
  return `<circle cx="${cx ?? ''}" cy="${cy ?? ''}" r="2" fill="#333"/>`;
};

const scale =
  (lowest: number, highest: number, { from, to }: typeof LEFT) =>
  (score: number): number =>
    from + ((score - lowest) / (highest - lowest)) * (to - from);

function mark(threshold: number | undefined, x: (score: number) => number): string {
  if (threshold === undefined) return '';
  const at = x(threshold);
  return `<line x1="${at.toFixed(1)}" x2="${at.toFixed(1)}" y1="${TOP - 4}" y2="${HEIGHT - BOTTOM}" stroke="${RED}" stroke-dasharray="5 3"/><text x="${(at - 4).toFixed(1)}" y="${TOP + 8}" text-anchor="end" fill="${RED}">${threshold.toFixed(3)}</text>`;
}

function axis(lowest: number, highest: number, { from, to }: typeof LEFT): string {
  const x = scale(lowest, highest, { from, to });
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => lowest + share * (highest - lowest));
  return [
    `<line x1="${from}" x2="${to}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" stroke="#444"/>`,
    ...ticks.map(
      (tick) => `<text x="${x(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#444">${tick.toFixed(3)}</text>`,
    ),
  ].join('');
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
