import uPlot from 'uplot';
import type { RuleSource } from '../lib/rule-sources.ts';
import type { ScoreHistory, Series } from '../lib/score-history.ts';
import { colour, seriesName } from './theme.ts';

/** A time while the rule was raised, in seconds of the epoch. */
export interface Span {
  readonly from: number;
  /** Undefined: still raised. */
  readonly to: number | undefined;
}

const minutes = (plot: uPlot, seconds: number): string => {
  const ago = Math.round((plot.scales.x?.max ?? seconds) - seconds);
  return ago < 15 ? 'now' : `-${Math.round(ago / 60)} min`;
};

/** One line per source, the level as a dashed line, and raised times shaded. Arrays are made once and refilled. */
export class ScorePlot {
  threshold = 0;
  spans: readonly Span[] = [];
  /** While the level is dragged the scale stands still, or it would run away under the pointer. */
  isHeld = false;
  readonly plot: uPlot;
  readonly #history: ScoreHistory;
  readonly #times: number[] = [];
  readonly #series: readonly { readonly source: string; readonly values: Series }[];

  constructor(element: HTMLElement, history: ScoreHistory, sources: readonly RuleSource[]) {
    this.#history = history;
    this.#series = sources.map(({ id }) => ({ source: id, values: [] }));
    this.plot = new uPlot(this.#options(element, sources), [[], ...sources.map(() => [])], element);
  }

  /** Draws the history up to `nowMs`. */
  draw(nowMs: number): void {
    this.#history.fill(nowMs, this.#times, this.#series);
    const { size, binMs } = this.#history;
    const max = nowMs / 1000;
    this.plot.batch(() => {
      this.plot.setData([this.#times, ...this.#series.map(({ values }) => values)], false);
      this.plot.setScale('x', { min: max - ((size - 1) * binMs) / 1000, max });
    });
  }

  #options(element: HTMLElement, sources: readonly RuleSource[]): uPlot.Options {
    return {
      width: Math.max(60, element.clientWidth),
      height: Math.max(60, element.clientHeight),
      cursor: { show: false },
      legend: { show: false },
      padding: [8, 14, 0, 0],
      scales: { x: { time: true }, y: { range: (plot, min, max) => this.#range(plot, min, max) } },
      axes: [
        {
          stroke: () => colour('muted'),
          font: '11px system-ui',
          size: 22,
          incrs: [60],
          values: (plot, splits) => splits.map((seconds) => minutes(plot, seconds)),
          splits: (plot) => everyMinute(plot),
          grid: { stroke: () => colour('line'), width: 1 },
          ticks: { show: false },
        },
        {
          stroke: () => colour('muted'),
          font: '11px system-ui',
          size: 40,
          grid: { stroke: () => colour('line'), width: 1 },
          ticks: { show: false },
        },
      ],
      series: [{}, ...sources.map((source) => ({ stroke: () => colour(seriesName(source.colour)), width: 1.6, points: { show: false } }))],
      hooks: { drawAxes: [(plot) => this.#shade(plot)], draw: [(plot) => this.#level(plot)] },
    };
  }

  /** Always shows the level, and never zooms so far in that noise looks like news. */
  #range(plot: uPlot, min: number | null, max: number | null): [number, number] {
    const { min: shownLow, max: shownHigh } = plot.scales['y'] ?? {};
    if (this.isHeld && shownLow != null && shownHigh != null) return [shownLow, shownHigh];
    const low = Math.min(min ?? this.threshold, this.threshold);
    const high = Math.max(max ?? this.threshold, this.threshold);
    const margin = Math.max(0.02, (high - low) * 0.12, (0.16 - (high - low)) / 2);
    return [low - margin, high + margin];
  }

  #shade(plot: uPlot): void {
    const { left, top, width, height } = plot.bbox;
    plot.ctx.save();
    plot.ctx.fillStyle = colour('danger-soft');
    // One path: where several sources are raised at once the shade must not add up.
    plot.ctx.beginPath();
    for (const { from, to } of this.spans) {
      const start = Math.max(left, plot.valToPos(from, 'x', true));
      const end = Math.min(left + width, to === undefined ? left + width : plot.valToPos(to, 'x', true));
      // A raise that was short is still a raise: it keeps a visible width.
      if (end >= left) plot.ctx.rect(start, top, Math.max(3, end - start), height);
    }
    plot.ctx.fill();
    plot.ctx.restore();
  }

  #level(plot: uPlot): void {
    const { left, width } = plot.bbox;
    const y = plot.valToPos(this.threshold, 'y', true);
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = colour('danger');
    ctx.lineWidth = 1.5 * devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(left, y);
    ctx.lineTo(left + width, y);
    ctx.stroke();
    ctx.restore();
  }
}

/** Grid lines at whole minutes before now: they stand still while the lines move under them. */
function everyMinute({ scales: { x } }: uPlot): number[] {
  const splits: number[] = [];
  for (let at = x?.max ?? 0; at >= (x?.min ?? 0); at -= 60) splits.unshift(at);
  return splits;
}
