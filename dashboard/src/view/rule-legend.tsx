import type { VNode } from 'preact';
import type { Rule } from '../data/api.ts';
import { scoreHistory } from '../data/live.ts';
import { state } from '../data/state.ts';
import { level } from '../lib/format.ts';
import { ruleSources } from '../lib/rule-sources.ts';
import { useStore } from '../lib/store.ts';
import { seriesName } from './theme.ts';
import { useTick } from './use-tick.ts';

/** Which line is which sensor, and its newest score. */
export function RuleLegend({ rule, threshold }: { readonly rule: Rule; readonly threshold: number }): VNode {
  useTick();
  const sources = ruleSources(rule, useStore(state.sources));
  const history = scoreHistory(rule.id);
  return (
    <ul class="legend" aria-label="Newest scores">
      {sources.map(({ id, colour }) => {
        const score = history.newest(id);
        if (score === undefined) return null;
        return (
          <li key={id} class={score >= threshold ? 'above' : ''}>
            <i class={`swatch back-${seriesName(colour)}`} />
            {id} <b>{level(score)}</b>
          </li>
        );
      })}
      {history.sources.length === 0 && <li class="waiting">waiting for the first score</li>}
    </ul>
  );
}
