/** What came of one rule. */
export interface RuleRow {
  readonly rule: string;
  readonly perDay: number;
  readonly found: number;
  readonly events: number;
}

/** What was measured where so much was asked. */
export interface AskedPoint {
  readonly asked: number;
  readonly perDay: number;
  readonly low: number;
  readonly high: number;
}

const WIDTH = 720;
const PLOT = 220;
const LEFT = 130;
const ROW = 18;
const INK = '#5b7fa6';
const RED = '#b3261e';

/** Measured against asked, with its range; below it a row for each rule: false alarms a day as a bar, and what share of its events was found. */
export function soundAlarmsSvg(points: readonly AskedPoint[], rows: readonly RuleRow[], asked: number): string {
  const height = PLOT + 60 + ROW * rows.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" font-family="system-ui, sans-serif" font-size="12"><rect width="100%" height="100%" fill="#fff"/>`,
    calibration(points),
    `<g transform="translate(0 ${PLOT + 20})">${bars(rows, asked)}</g>`,
    '</svg>\n',
  ].join('');
}

function calibration(points: readonly AskedPoint[]): string {
  const values = points.flatMap(({ asked, low, high }) => [asked / 2, 2 * asked, low, high]).filter((value) => value > 0);
  const [least, most] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const [right, top, bottom] = [WIDTH - 20, 30, PLOT - 30];
  const x = (value: number): string => (LEFT + ((Math.log(value) - least) / (most - least)) * (right - LEFT)).toFixed(1);
  const y = (value: number): string =>
    (bottom - ((Math.log(Math.max(value, Math.exp(least))) - least) / (most - least)) * (bottom - top)).toFixed(1);
  const line = (factor: number, style: string): string => {
    const [from, to] = [Math.exp(least) / Math.min(1, factor), Math.exp(most) / Math.max(1, factor)];
    return `<line x1="${x(from)}" y1="${y(from * factor)}" x2="${x(to)}" y2="${y(to * factor)}" ${style}/>`;
  };
  return [
    `<text x="${LEFT}" y="18">false alarms a day: measured, with its 90 % range, over asked; dashed: a factor of 2</text>`,
    line(1, `stroke="${RED}"`),
    line(2, `stroke="${RED}" stroke-dasharray="5 3"`),
    line(0.5, `stroke="${RED}" stroke-dasharray="5 3"`),
    ...points.map(
      ({ asked, perDay, low, high }) =>
        `<line x1="${x(asked)}" x2="${x(asked)}" y1="${y(low)}" y2="${y(high)}" stroke="${INK}" stroke-width="2"/><circle cx="${x(asked)}" cy="${y(perDay)}" r="4" fill="${INK}"/><text x="${x(asked)}" y="${PLOT - 12}" text-anchor="middle">${asked}</text><text x="${Number(x(asked)) + 8}" y="${Number(y(perDay)) + 4}">${perDay.toFixed(1)}</text>`,
    ),
    `<text x="${LEFT - 8}" y="${PLOT - 12}" text-anchor="end">asked</text>`,
  ].join('');
}

function bars(rows: readonly RuleRow[], asked: number): string {
  const most = Math.max(2 * asked, ...rows.map(({ perDay }) => perDay));
  const x = (perDay: number): number => LEFT + (perDay / most) * (WIDTH - LEFT - 110);
  const line = x(asked).toFixed(1);
  return [
    `<text x="${LEFT}" y="14">false alarms a day of each rule; dashed: what was asked, ${asked}</text>`,
    ...rows.map(({ rule, perDay, found, events }, i) => {
      const y = 24 + ROW * i;
      return [
        `<text x="${LEFT - 8}" y="${y + 11}" text-anchor="end">${rule}</text>`,
        `<rect x="${LEFT}" y="${y + 1}" width="${Math.max(1, x(perDay) - LEFT).toFixed(1)}" height="${ROW - 5}" fill="${INK}"/>`,
        `<text x="${WIDTH - 8}" y="${y + 11}" text-anchor="end">${found} of ${events} found</text>`,
      ].join('');
    }),
    `<line x1="${line}" x2="${line}" y1="20" y2="${24 + ROW * rows.length}" stroke="${RED}" stroke-dasharray="5 3"/>`,
  ].join('');
}
