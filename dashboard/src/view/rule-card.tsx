import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import type { Rule } from '../data/api.ts';
import { deleteRule, fixThreshold, levelOf, setThreshold } from '../data/rules.ts';
import { state } from '../data/state.ts';
import { level } from '../lib/format.ts';
import { useStore } from '../lib/store.ts';
import { SENSE_NAMES } from '../lib/words.ts';
import { BackgroundHint } from './background-hint.tsx';
import { LevelHint } from './level-hint.tsx';
import { RuleLegend } from './rule-legend.tsx';
import { ScoreChart } from './score-chart.tsx';
import { UnknownHint } from './unknown-hint.tsx';

/** One rule: its words, its scores over time, its level, and ways to change it. */
export function RuleCard({ rule }: { readonly rule: Rule }): VNode {
  const feed = useStore(state.feed);
  const isRaised = feed.entries.some((entry) => !entry.cleared && entry.raised.rule === rule.id);
  const [draft, setDraft] = useState<number | undefined>();
  const [problem, setProblem] = useState('');
  const current = levelOf(rule, useStore(state.calibrations));
  const threshold = draft ?? current;
  const words = ruleWords(rule);

  const attempt = async (change: Promise<void>): Promise<void> => {
    try {
      await change;
      setProblem('');
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  };
  const commit = (wanted: number): void => {
    setDraft(undefined);
    if (wanted !== current) void attempt(fixThreshold(rule, wanted));
  };

  return (
    <article class={`card rule${isRaised ? ' raised' : ''}`} aria-label={`Rule: ${words}`} data-rule={rule.id}>
      <header>
        <h3>{words}</h3>
        <span class={`state ${isRaised ? 'raised' : 'quiet'}`}>
          <i class="dot" />
          {isRaised ? 'raised' : 'quiet'}
        </span>
        <DeleteButton words={words} onDelete={() => void attempt(deleteRule(rule.id))} />
      </header>
      <ScoreChart rule={rule} threshold={threshold} words={words} onDraft={setDraft} onCommit={commit} />
      <RuleLegend rule={rule} threshold={threshold} />
      <label class="level">
        <span>alert above</span>
        <input
          type="range"
          min={Math.min(-0.5, current)}
          max={1}
          step={0.005}
          value={threshold}
          aria-label={`Alert level of ${words}`}
          onInput={(event) => setDraft(event.currentTarget.valueAsNumber)}
          onChange={(event) => commit(event.currentTarget.valueAsNumber)}
        />
        <output>{level(threshold)}</output>
      </label>
      {rule.query.text && <UnknownHint prompt={rule.query.text} on={rule.on} />}
      <BackgroundHint rule={rule} />
      <LevelHint rule={rule} onUse={(wanted) => void attempt(setThreshold(rule, wanted))} />
      {problem && (
        <p class="note bad" role="alert">
          Not changed: {problem}
        </p>
      )}
      <p class="small senses">{sensesInWords(rule)}</p>
    </article>
  );
}

/** Two steps, so that a slip does not cost a rule. */
function DeleteButton({ words, onDelete }: { readonly words: string; readonly onDelete: () => void }): VNode {
  const [isAsking, setAsking] = useState(false);
  if (!isAsking) {
    return (
      <button type="button" class="quiet-button" aria-label={`Delete the rule ${words}`} title="Delete" onClick={() => setAsking(true)}>
        ✕
      </button>
    );
  }
  return (
    <span class="confirm" role="group" aria-label={`Delete ${words}?`}>
      <button type="button" class="danger-button" onClick={onDelete}>
        Delete
      </button>
      <button type="button" class="quiet-button" autofocus onClick={() => setAsking(false)}>
        Keep
      </button>
    </span>
  );
}

export const ruleWords = ({ id, query }: Rule): string => {
  if (query.text) return query.text;
  const [kind, example] = Object.entries(query).find(([, value]) => typeof value === 'string') ?? ['example', id];
  return `like the ${kind} ${String(example)}`;
};

const sensesInWords = ({ on }: Rule): string => {
  const known: Readonly<Record<string, string>> = { ...SENSE_NAMES, fused: 'all senses together' };
  return on.length >= 5 ? 'all senses' : on.map((name) => known[name]?.toLowerCase() ?? name).join(', ');
};
