import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Rule } from '../data/api.ts';
import { endLearning, LEARN_MS, suggestionFor } from '../data/rules.ts';
import { serverNowMs } from '../data/server-clock.ts';
import { state } from '../data/state.ts';
import { level } from '../lib/format.ts';
import { ruleSources } from '../lib/rule-sources.ts';
import { useStore } from '../lib/store.ts';
import type { Suggestion } from '../lib/suggest-threshold.ts';
import { pastVerb } from '../lib/words.ts';
import { useTick } from './use-tick.ts';

export interface LevelHintProps {
  readonly rule: Rule;
  readonly onUse: (threshold: number) => void;
}

/**
 * Similarity has no scale that people know, so the page looks at what a new rule scores while presumably nothing happens, and sets
 * or suggests a level above it. Later a suggestion comes when asked for.
 */
export function LevelHint({ rule, onUse }: LevelHintProps): VNode {
  const learning = useStore(state.learning).get(rule.id);
  const [found, setFound] = useState<Suggestion | 'none' | undefined>();
  const sources = ruleSources(rule, useStore(state.sources));

  if (learning) {
    const finish = (suggestion: Suggestion): void => {
      endLearning(rule.id);
      setFound(suggestion);
      if (learning.sets) onUse(suggestion.threshold);
    };
    return <Learning rule={rule.id} untilMs={learning.untilMs} onFound={finish} />;
  }
  if (!found || found === 'none') {
    return (
      <p class="hint">
        <button type="button" class="link-button" onClick={() => setFound(suggestionFor(rule.id) ?? 'none')}>
          suggest a level
        </button>
        {found && ' not yet: a few more scores are needed'}
      </p>
    );
  }
  const isSet = found.threshold === rule.threshold;
  return (
    <p class="hint">
      {isSet ? 'set to' : 'suggested'} {level(found.threshold)}: {reason(found, sources.length)}
      {!isSet && (
        <button type="button" class="link-button" onClick={() => onUse(found.threshold)}>
          use it
        </button>
      )}
    </p>
  );
}

interface LearningProps {
  readonly rule: string;
  readonly untilMs: number;
  readonly onFound: (suggestion: Suggestion) => void;
}

function Learning({ rule, untilMs, onFound }: LearningProps): VNode {
  useTick();
  const leftMs = Math.max(0, untilMs - serverNowMs());
  useEffect(() => {
    const suggestion = leftMs > 0 ? undefined : suggestionFor(rule);
    if (suggestion) onFound(suggestion);
  });
  return (
    <p class="hint">
      <progress max={LEARN_MS} value={LEARN_MS - leftMs} />{' '}
      {leftMs > 0 ? `learning what is usual, ${Math.ceil(leftMs / 1000)} s left` : 'waiting for a few more scores'}
    </p>
  );
}

function reason({ above, source, usual }: Suggestion, sources: number): string {
  const modality = state.sources.get().find(({ id }) => id === source)?.modality;
  const verb = modality && sources === 1 ? pastVerb(modality) : 'sensed';
  if (above === 0) return `above anything ${verb} in those 20 s (usual: ${level(usual)}, ${source})`;
  return `above what is usual for ${source} (${level(usual)}); something in those 20 s went over it`;
}
