import type { VNode } from 'preact';
import uPlot from 'uplot';
import { liveSource } from '../data/live.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { colour } from './theme.ts';
import { useDraw } from './use-draw.ts';

const SECONDS = 8;
const AXES = ['x', 'y', 'z'] as const;

/** Acceleration and turning rate of an inertial sensor, the last seconds. */
export function MotionView({ source, label }: { readonly source: string; readonly label: string }): VNode {
  return (
    <div class="media motion" role="img" aria-label={label}>
      <Trace source={source} first={0} title="acceleration, m/s²" least={4} />
      <Trace source={source} first={3} title="turning rate, rad/s" least={0.4} />
    </div>
  );
}

interface TraceProps {
  readonly source: string;
  readonly first: number;
  readonly title: string;
  /** The least height of the scale, so that a sensor at rest shows calm lines and not its noise. */
  readonly least: number;
}

function Trace({ source, first, title, least }: TraceProps): VNode {
  const box = useDraw<HTMLDivElement>(`${source}/${first}`, 15, (element) => {
    const live = liveSource(source);
    const plot = new uPlot(options(element, least), [[], [], [], []], element);
    let rows = -1;
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: element.clientHeight }));
    resize.observe(element);
    const draw = (): void => {
      const now = serverNowMs() / 1000;
      // Without new rows nothing moves: a dead sensor should look dead.
      if (live.motion.rows === rows) return;
      rows = live.motion.rows;
      const newest = Math.max(live.motion.newestSeconds, now - 1);
      plot.batch(() => {
        plot.setData(live.motion.view(first, 3), false);
        plot.setScale('x', { min: newest - SECONDS, max: newest });
      });
    };
    return {
      draw,
      end: () => {
        resize.disconnect();
        plot.destroy();
      },
    };
  });
  return (
    <div class="trace">
      <div class="trace-title">
        <span>{title}</span>
        {AXES.map((axis, i) => (
          <b key={axis} class={`ink-s${i}`}>
            {axis}
          </b>
        ))}
      </div>
      <div ref={box} class="trace-plot" />
    </div>
  );
}

function options(element: HTMLElement, least: number): uPlot.Options {
  return {
    width: Math.max(40, element.clientWidth),
    height: Math.max(40, element.clientHeight),
    pxAlign: false,
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { time: false },
      y: {
        range: (_plot, min, max) => {
          const middle = (min + max) / 2;
          const half = Math.max(least, (max - min) * 1.1) / 2;
          return Number.isFinite(middle) ? [middle - half, middle + half] : [-1, 1];
        },
      },
    },
    axes: [
      { show: false },
      {
        stroke: () => colour('muted'),
        font: '10px system-ui',
        size: 34,
        grid: { stroke: () => colour('line'), width: 1 },
        ticks: { show: false },
      },
    ],
    padding: [8, 0, 4, 0],
    series: [
      {},
      ...AXES.map((_axis, i) => ({ stroke: () => colour((['s0', 's1', 's2'] as const)[i] ?? 's0'), width: 1.25, points: { show: false } })),
    ],
  };
}
