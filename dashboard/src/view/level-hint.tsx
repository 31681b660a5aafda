import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Rule } from '../data/api.ts';
import { endLearning, LEARN_MS, suggestionFor } from '../data/rules.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { level } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import type { Suggestion } from '../lib/suggest-threshold.ts';
import { useTick } from './use-tick.ts';

/** A level is far from the suggested one if it differs by more than this. */
const WORTH_SAYING = 0.01;

/**
 * Similarity has no scale that people know, so the page looks at what the rule scores while nothing happens and proposes a level
 * above it. A rule that was made to learn gets its level from that, once.
 */
export function LevelHint({ rule, onUse }: { readonly rule: Rule; readonly onUse: (threshold: number) => void }): VNode | null {
  useTick();
  const untilMs = useStore(state.learning).get(rule.id);
  const isDone = useRef(false);
  const leftMs = untilMs === undefined ? undefined : untilMs - serverNowMs();
  const isLearning = leftMs !== undefined && leftMs > 0;
  const suggestion = isLearning ? undefined : suggestionFor(rule.id);

  useEffect(() => {
    if (untilMs === undefined || isLearning || !suggestion || isDone.current) return;
    isDone.current = true;
    endLearning(rule.id);
    onUse(suggestion.threshold);
  });

  if (isLearning) {
    return (
      <p class="hint learning">
        <progress max={LEARN_MS} value={LEARN_MS - leftMs} /> learning what is usual, {Math.ceil(leftMs / 1000)} s left; it already alerts
        at the level above
      </p>
    );
  }
  if (!suggestion) return null;
  const isSet = Math.abs(suggestion.threshold - rule.threshold) <= WORTH_SAYING;
  return (
    <p class="hint">
      {isSet ? 'level: ' : `suggested ${level(suggestion.threshold)}: `}
      {reason(suggestion)}
      {!isSet && (
        <button type="button" class="link-button" onClick={() => onUse(suggestion.threshold)}>
          use it
        </button>
      )}
    </p>
  );
}

const reason = ({ above, source, usual }: Suggestion): string =>
  above === 0
    ? `above anything sensed in the last 20 s (usual ${level(usual)}, ${source})`
    : `above the usual ${level(usual)} of ${source}; something in the last 20 s went over it`;
