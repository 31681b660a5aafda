import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { Rule } from '../data/api.ts';
import { scoreHistory } from '../data/live.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import type { FeedEntry } from '../lib/alert-feed.ts';
import { ruleSources } from '../lib/rule-sources.ts';
import { useStore } from '../lib/store.ts';
import { ScorePlot, type Span } from './score-plot.ts';
import { useDraw } from './use-draw.ts';

/** Pixels around the level's line in which it can be taken hold of. */
const GRIP_PX = 12;

export interface ScoreChartProps {
  readonly rule: Rule;
  readonly words: string;
  readonly threshold: number;
  /** The level while it is dragged. */
  readonly onDraft: (threshold: number) => void;
  readonly onCommit: (threshold: number) => void;
}

/** A rule's scores of the last three minutes. The dashed level can be dragged; the slider below does the same from the keyboard. */
export function ScoreChart({ rule, words, threshold, onDraft, onCommit }: ScoreChartProps): VNode {
  const sources = ruleSources(rule, useStore(state.sources));
  const { entries } = useStore(state.feed);
  const plot = useRef<ScorePlot>(null);
  const handlers = useRef({ onDraft, onCommit });
  const key = [rule.id, ...sources.map((source) => `${source.id} ${source.colour}`)].join('/');

  const box = useDraw<HTMLDivElement>(key, 4, (element) => {
    const scores = new ScorePlot(element, scoreHistory(rule.id), sources);
    plot.current = scores;
    const resize = new ResizeObserver(() => scores.plot.setSize({ width: element.clientWidth, height: element.clientHeight }));
    resize.observe(element);
    makeDraggable(scores, handlers);
    return {
      draw: () => scores.draw(serverNowMs()),
      end: () => {
        resize.disconnect();
        scores.plot.destroy();
        plot.current = null;
      },
    };
  });
  useLayoutEffect(() => {
    handlers.current = { onDraft, onCommit };
    if (!plot.current) return;
    const hasMoved = plot.current.threshold !== threshold;
    plot.current.threshold = threshold;
    plot.current.spans = entries.filter((entry) => entry.raised.rule === rule.id).map(spanOf);
    // A level under a hand moves with the hand, not with the next drawing.
    if (hasMoved) plot.current.draw(serverNowMs());
  });

  return <div ref={box} class="score-chart" role="img" aria-label={`Scores of ${words} over the last three minutes`} />;
}

const spanOf = ({ raised, cleared }: FeedEntry): Span => ({ from: raised.endUs / 1e6, to: cleared && cleared.endUs / 1e6 });

function makeDraggable(scores: ScorePlot, handlers: { readonly current: Pick<ScoreChartProps, 'onDraft' | 'onCommit'> }): void {
  const { over } = scores.plot;
  let grabbed = false;
  const release = (): void => {
    grabbed = false;
    scores.isHeld = false;
  };
  const isNear = (event: PointerEvent): boolean => Math.abs(event.offsetY - scores.plot.valToPos(scores.threshold, 'y')) <= GRIP_PX;
  const levelAt = (event: PointerEvent): number => {
    const value = scores.plot.posToVal(Math.min(over.clientHeight, Math.max(0, event.offsetY)), 'y');
    return Math.min(1, Math.max(-1, Math.round(value * 200) / 200));
  };
  over.addEventListener('pointerdown', (event) => {
    if (event.button !== 0 || !isNear(event)) return;
    grabbed = true;
    scores.isHeld = true;
    over.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  over.addEventListener('pointermove', (event) => {
    over.classList.toggle('grip', grabbed || isNear(event));
    if (grabbed) handlers.current.onDraft(levelAt(event));
  });
  over.addEventListener('pointerup', (event) => {
    if (!grabbed) return;
    release();
    handlers.current.onCommit(levelAt(event));
  });
  over.addEventListener('pointercancel', release);
}
