import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { api, type KnownWord, type SourceReport } from '../data/api.ts';
import { state } from '../data/state.ts';
import { knownWarning } from '../lib/known-warning.ts';
import { useStore } from '../lib/store.ts';

/** Nobody is asked while somebody types. */
const PAUSE_MS = 400;
const MAX_KEPT = 100;

/** What was answered, newest last. */
const answers = new Map<string, readonly KnownWord[]>();

/**
 * Warns where a prompt lies outside what the space was taught.
 *
 * @param on modalities, ids of sources and `fused`; empty: all
 */
export function UnknownHint({ prompt, on }: { readonly prompt: string; readonly on: readonly string[] }): VNode | null {
  const modalities = modalitiesOf(on, useStore(state.sources));
  const space = useStore(state.spaces)[0]?.id ?? '';
  const key = [space, prompt, ...modalities].join('\n');
  const [, setAnswered] = useState('');
  useEffect(() => {
    if (prompt === '' || modalities.length === 0 || answers.has(key)) return undefined;
    let isWanted = true;
    const timer = setTimeout(() => {
      api.known(prompt, modalities).then(
        (senses) => {
          answers.set(key, senses);
          const [oldest] = answers.keys();
          if (answers.size > MAX_KEPT && oldest !== undefined) answers.delete(oldest);
          if (isWanted) setAnswered(key);
        },
        // A server that is away is shown elsewhere; of an older one there is no warning.
        () => undefined,
      );
    }, PAUSE_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [key]);
  const warning = knownWarning(prompt, answers.get(key) ?? []);
  return warning === undefined ? null : (
    <p class="unknown" role="status">
      {warning}
    </p>
  );
}

/** The senses of the sensors that may answer. */
function modalitiesOf(on: readonly string[], sources: readonly SourceReport[]): string[] {
  const may = sources.filter(({ id, modality }) => on.length === 0 || on.includes('fused') || on.includes(id) || on.includes(modality));
  return [...new Set(may.map(({ modality }) => modality))].sort();
}
