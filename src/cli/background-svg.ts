import type { ToldBackground } from './calibrate.ts';

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 48;
const BOTTOM = 36;
const TOP = 40;

/** One chart under the other: the histogram on a logarithmic scale, so that the tail is seen, and the threshold as a line. */
export function backgroundSvg(backgrounds: readonly ToldBackground[]): string {
  const charts = backgrounds.map((background, i) => `<g transform="translate(0 ${i * HEIGHT})">${chart(background)}</g>`);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT * backgrounds.length}" font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>${charts.join('')}</svg>\n`;
}

function chart({
  rule,
  source,
  level,
  spread,
  threshold,
  expectedPerDay,
  histogram: { counts, fromSpreads, stepSpreads },
}: ToldBackground): string {
  const lowest = level + spread * fromSpreads;
  const highest = Math.max(level + spread * (fromSpreads + stepSpreads * counts.length), (threshold ?? level) + spread);
  const x = (score: number): number => LEFT + ((score - lowest) / (highest - lowest)) * (WIDTH - LEFT - 16);
  const most = Math.log10(1 + Math.max(1, ...counts));
  const y = (count: number): number => HEIGHT - BOTTOM - (Math.log10(1 + count) / most) * (HEIGHT - BOTTOM - TOP);
  const bars = counts.map((count, i) => {
    const from = lowest + spread * stepSpreads * i;
    const width = Math.max(1, x(from + spread * stepSpreads) - x(from) - 1);
    return count > 0
      ? `<rect x="${x(from).toFixed(1)}" y="${y(count).toFixed(1)}" width="${width.toFixed(1)}" height="${(HEIGHT - BOTTOM - y(count)).toFixed(1)}" fill="#5b7fa6"/>`
      : '';
  });
  const line =
    threshold === undefined
      ? ''
      : `<line x1="${x(threshold).toFixed(1)}" x2="${x(threshold).toFixed(1)}" y1="${TOP - 6}" y2="${HEIGHT - BOTTOM}" stroke="#b3261e" stroke-dasharray="5 3"/><text x="${(x(threshold) - 4).toFixed(1)}" y="${TOP}" text-anchor="end" fill="#b3261e">${threshold.toFixed(3)}</text>`;
  const says = expectedPerDay
    ? `expected ${expectedPerDay.expected.toPrecision(2)} false alarms a day (${expectedPerDay.low.toPrecision(2)} to ${expectedPerDay.high.toPrecision(2)})`
    : 'no threshold yet';
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => lowest + share * (highest - lowest));
  return [
    `<text x="${LEFT}" y="18" font-weight="600">${escaped(`${rule} on ${source}: ${says}`)}</text>`,
    ...bars,
    line,
    `<line x1="${LEFT}" x2="${WIDTH - 16}" y1="${HEIGHT - BOTTOM}" y2="${HEIGHT - BOTTOM}" stroke="#444"/>`,
    ...ticks.map(
      (tick) => `<text x="${x(tick).toFixed(1)}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle" fill="#444">${tick.toFixed(3)}</text>`,
    ),
    `<text x="12" y="${TOP}" fill="#444">scores</text>`,
  ].join('');
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
