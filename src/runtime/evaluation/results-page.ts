import type { Trial } from '../../encoders/try-graphs.ts';
import type { Gap, Row, RowGroup } from './evaluate.ts';

/** Figures of the same backbones with nothing trained or tuned, by the id of the row; made by the bundle's build, see `baseline.json`. */
export type Baseline = Readonly<Record<string, number>>;

const share = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(3));

/** The results as Markdown. */
export function resultsTable(groups: readonly RowGroup[], baseline: Baseline): string {
  const lines = ['| what | items | groups | chance | no training | bundle | 95 % |', '| --- | --- | --- | --- | --- | --- | --- |'];
  for (const { heading, folder, rows } of groups) {
    lines.push(`| **${heading}**${rows ? '' : ` (absent: \`${folder}\`)`} | | | | | | |`);
    for (const { id, what, items, groups: count, chance, value, interval } of rows ?? [])
      lines.push(
        `| ${what} | ${items} | ${count} | ${share(chance)} | ${share(baseline[id])} | **${share(value)}** | ${interval.map((end) => end.toFixed(2)).join(' to ')} |`,
      );
  }
  return lines.join('\n');
}

/** Distances between the means of the senses, as Markdown. */
export function gapTable(gaps: readonly Gap[]): string {
  const senses = [...new Set(gaps.flatMap(({ a, b }) => [a, b]))];
  const distance = (one: string, other: string): string =>
    gaps.find(({ a, b }) => (a === one && b === other) || (a === other && b === one))?.distance.toFixed(2) ?? '';
  return [
    `| | ${senses.join(' | ')} |`,
    `| --- |${' --- |'.repeat(senses.length)}`,
    ...senses.map((one) => `| ${one} | ${senses.map((other) => distance(one, other)).join(' | ')} |`),
  ].join('\n');
}

/** What each graph takes, as Markdown. */
export function costTable(trials: readonly Trial[]): string {
  const lines = ['| sense | ms a window (median) | ms (99 %) | MiB in memory |', '| --- | --- | --- | --- |'];
  for (const { modality, measured, reason } of trials)
    lines.push(
      measured
        ? `| ${modality} | ${measured.callMs.toFixed(1)} | ${measured.p99Ms.toFixed(1)} | ${measured.rssMiB.toFixed(0)} |`
        : `| ${modality} | ${reason} | | |`,
    );
  return lines.join('\n');
}

const ROW = 22;
const LEFT = 460;
const WIDE = 360;

/** The results as a picture: a bar for each value, its interval, chance (a dashed line) and the figure without training (a dot). */
export function resultsPlot(groups: readonly RowGroup[], baseline: Baseline): string {
  const parts: string[] = [];
  let y = 40;
  for (const { heading, rows } of groups) {
    parts.push(text(10, y + 15, `${heading}${rows ? '' : ': absent'}`, 'font-weight="bold"'));
    y += ROW;
    for (const row of rows ?? []) {
      parts.push(bar(row, y, baseline[row.id]));
      y += ROW;
    }
  }
  const at = (value: number): number => LEFT + value * WIDE;
  const scale = [0, 0.25, 0.5, 0.75, 1].map(
    (value) =>
      `<line x1="${at(value)}" y1="30" x2="${at(value)}" y2="${y}" stroke="#ddd"/>${text(at(value), 24, `${value}`, 'text-anchor="middle"')}`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${LEFT + WIDE + 60}" height="${y + 10}" font-family="sans-serif" font-size="13"><rect width="100%" height="100%" fill="#fff"/>${scale.join('')}${parts.join('')}</svg>\n`;
}

function bar({ what, value, interval, chance }: Row, y: number, untrained: number | undefined): string {
  const at = (share_: number): string => (LEFT + share_ * WIDE).toFixed(1);
  const middle = y + ROW / 2;
  const line = (x1: string, x2: string, style: string): string => `<line x1="${x1}" y1="${middle}" x2="${x2}" y2="${middle}" ${style}/>`;
  const dot = untrained === undefined ? '' : `<circle cx="${at(untrained)}" cy="${middle}" r="4" fill="#fff" stroke="#c33"/>`;
  return [
    text(LEFT - 8, y + 15, what, 'text-anchor="end"'),
    `<rect x="${LEFT}" y="${y + 4}" width="${(value * WIDE).toFixed(1)}" height="${ROW - 8}" fill="#7aa6d8"/>`,
    line(at(interval[0]), at(interval[1]), 'stroke="#234"'),
    `<line x1="${at(chance)}" y1="${y + 1}" x2="${at(chance)}" y2="${y + ROW - 1}" stroke="#555" stroke-dasharray="3 2"/>`,
    dot,
    text(LEFT + WIDE + 10, y + 15, value.toFixed(3), ''),
  ].join('');
}

const text = (x: number, y: number, words: string, style: string): string =>
  `<text x="${x}" y="${y}" ${style}>${words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</text>`;

/**
 * Puts a block between its markers `<!-- NAME ... -->` and `<!-- end NAME -->` in a page.
 *
 * @returns undefined where the page has no such markers
 */
export function withBlock(page: string, name: string, block: string): string | undefined {
  const begin = page.search(new RegExp(`<!-- ${name}\\b`));
  const end = page.indexOf(`<!-- end ${name} -->`);
  if (begin < 0 || end < begin) return undefined;
  return `${page.slice(0, begin)}<!-- ${name}: written by edgebind models eval -->\n\n${block}\n\n${page.slice(end)}`;
}
