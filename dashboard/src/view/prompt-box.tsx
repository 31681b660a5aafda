import type { TargetedEvent, VNode } from 'preact';
import { useState } from 'preact/hooks';
import { addRule, tryRule } from '../data/rules.ts';
import type { SourceReport } from '../data/api.ts';
import { state } from '../data/state.ts';
import { useStore } from '../lib/store.ts';
import { senseName } from '../lib/words.ts';
import { UnknownHint } from './unknown-hint.tsx';

const PER_DAY = [1, 2, 5, 10, 50] as const;

/** The box that makes words a rule. */
export function PromptBox(): VNode {
  const senses = sensesOf(useStore(state.sources));
  const [prompt, setPrompt] = useState('');
  const [unwanted, setUnwanted] = useState<ReadonlySet<string>>(new Set());
  const [learns, setLearns] = useState(true);
  const [perDay, setPerDay] = useState(2);
  const [note, setNote] = useState<{ readonly isBad: boolean; readonly words: string } | undefined>();
  const [isBusy, setBusy] = useState(false);
  const chosen = senses.filter(({ name }) => !unwanted.has(name)).map(({ name }) => name);

  const words = prompt.trim();
  const on = chosen.length === senses.length ? [] : chosen;
  const attempt = async (step: () => Promise<string>, failed: string): Promise<void> => {
    if (words === '' || isBusy) return;
    setBusy(true);
    try {
      setNote({ isBad: false, words: await step() });
    } catch (error) {
      setNote({ isBad: true, words: `${failed}: ${error instanceof Error ? error.message : String(error)}` });
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: TargetedEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    return attempt(async () => {
      await addRule(words, on, true, learns ? perDay : undefined);
      setPrompt('');
      return `Watching for “${words}” now.`;
    }, 'Not added');
  };
  const toggle = (name: string): void =>
    setUnwanted((old) => {
      const next = new Set(old);
      if (!next.delete(name)) next.add(name);
      return next;
    });

  return (
    <form class="card prompt" onSubmit={(event) => void submit(event)}>
      <label for="prompt">Tell me when something looks, sounds or moves like</label>
      <div class="prompt-line">
        <input
          id="prompt"
          value={prompt}
          maxLength={300}
          placeholder="glass breaking"
          autocomplete="off"
          enterkeyhint="done"
          onInput={(event) => setPrompt(event.currentTarget.value)}
        />
        <button type="submit" class="primary" disabled={isBusy || words === '' || chosen.length === 0}>
          Watch for it
        </button>
        <button
          type="button"
          class="quiet-button"
          title="How often it would have been raised by what is remembered of the last day"
          disabled={isBusy || words === '' || chosen.length === 0}
          onClick={() => void attempt(() => tryRule(words, on, learns ? perDay : undefined), 'Not tried')}
        >
          Try it on the past
        </button>
      </div>
      <fieldset class="chips">
        <legend>using</legend>
        {senses.map(({ name, label }) => (
          <label key={name} class="chip">
            <input type="checkbox" checked={!unwanted.has(name)} onChange={() => toggle(name)} />
            {label}
          </label>
        ))}
        <label
          class="learn"
          title="The level is learnt from what is usual here. Until that is known, in ten minutes or so, the first 20 seconds set it."
        >
          <input type="checkbox" checked={learns} onChange={() => setLearns((old) => !old)} />
          at most
          <select
            value={perDay}
            disabled={!learns}
            aria-label="False alarms a day"
            onChange={(event) => setPerDay(Number(event.currentTarget.value))}
          >
            {PER_DAY.map((count) => (
              <option key={count} value={count}>
                {count}
              </option>
            ))}
          </select>
          false alarms a day
        </label>
      </fieldset>
      <UnknownHint prompt={words} on={on} />
      <p class={`note${note?.isBad ? ' bad' : ''}`} role="status">
        {note?.words}
      </p>
    </form>
  );
}

/** What can be chosen: a modality, or its sources by name where there are several. */
function sensesOf(sources: readonly SourceReport[]): { readonly name: string; readonly label: string }[] {
  return sources.flatMap(({ id, modality }, i) => {
    const alike = sources.filter((other) => other.modality === modality).length;
    if (alike > 1) return [{ name: id, label: id }];
    return sources.findIndex((other) => other.modality === modality) === i ? [{ name: modality, label: senseName(modality) }] : [];
  });
}
