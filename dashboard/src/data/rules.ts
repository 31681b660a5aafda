import { MODALITIES } from '../../../src/core/types.ts';
import { suggestThreshold, type Suggestion } from '../lib/suggest-threshold.ts';
import { trialWords } from '../lib/trial-words.ts';
import { ruleIdFor } from '../lib/words.ts';
import { api, type Calibration, type Rule } from './api.ts';
import { scoreHistory } from './live.ts';
import { refreshRules } from './poll.ts';
import { serverNowMs } from './server-clock.ts';
import { state } from './state.ts';

/** How long a new rule listens to the background before a level is suggested. */
export const LEARN_MS = 20_000;
const FIRST_THRESHOLD = 0.3;
const HOLD_MS = 0;
const COOLDOWN_MS = 10_000;

/**
 * Makes a prompt a rule at once, at a provisional level: that of the other rules where there are any (levels are a matter of the
 * space, so they are alike), else 0.3.
 *
 * @param on modalities or ids of sources; empty: all
 * @param sets whether the level is set from what the first 20 s score; else it is suggested
 * @param perDay false alarms a day that are acceptable: once the background is known, it sets the level; undefined: the level stays
 */
export async function addRule(prompt: string, on: readonly string[], sets: boolean, perDay: number | undefined): Promise<void> {
  const rule = ruleOf(prompt, on, perDay);
  await api.putRule(rule);
  state.learning.update((learning) => new Map(learning).set(rule.id, { untilMs: serverNowMs() + LEARN_MS, sets }));
  await refreshRules();
}

/** How often that rule would have been raised by what is remembered of the last day, in words. */
export async function tryRule(prompt: string, on: readonly string[], perDay: number | undefined): Promise<string> {
  const { threshold, ...learnt } = ruleOf(prompt, on, perDay);
  const trials = await api.tryRule(perDay === undefined ? { ...learnt, ...(threshold !== undefined && { threshold }) } : learnt);
  return trialWords(prompt, trials);
}

function ruleOf(prompt: string, on: readonly string[], perDay: number | undefined): Rule {
  const others = state.rules.get();
  const levels = others.flatMap((rule) => rule.threshold ?? []).toSorted((a, b) => a - b);
  return {
    id: ruleIdFor(prompt, new Set(others.map((rule) => rule.id))),
    query: { text: prompt },
    on: on.length > 0 ? on : MODALITIES,
    threshold: levels[levels.length >> 1] ?? FIRST_THRESHOLD,
    ...(perDay !== undefined && { falseAlarmsPerDay: perDay }),
    holdMs: HOLD_MS,
    cooldownMs: COOLDOWN_MS,
  };
}

/** Sets a rule's level; `clearBelow` keeps its distance. Learning ends: a person has decided. */
export async function setThreshold(rule: Rule, threshold: number): Promise<void> {
  endLearning(rule.id);
  const { clearBelow, threshold: before = threshold } = rule;
  const moved = clearBelow === undefined ? {} : { clearBelow: Math.max(-1, clearBelow + threshold - before) };
  const next = { ...rule, threshold, ...moved };
  state.rules.update((rules) => rules.map((other) => (other.id === rule.id ? next : other)));
  try {
    await api.putRule(next);
  } finally {
    await refreshRules();
  }
}

/** A person sets the level by hand: it stays there, whatever the background does. */
export async function fixThreshold({ falseAlarmsPerDay: _, ...rule }: Rule, threshold: number): Promise<void> {
  await setThreshold(rule, threshold);
}

/** Where a rule's alert is raised now: what was learnt, highest over its sources, else the fixed level. */
export function levelOf(rule: Rule, calibrations: readonly Calibration[]): number {
  const learnt = calibrations.flatMap((one) => (one.rule === rule.id ? (one.threshold ?? []) : []));
  return learnt.length > 0 && rule.falseAlarmsPerDay !== undefined ? Math.max(...learnt) : (rule.threshold ?? 1);
}

export async function deleteRule(id: string): Promise<void> {
  endLearning(id);
  await api.deleteRule(id);
  await refreshRules();
}

export function endLearning(id: string): void {
  state.learning.update((learning) => (learning.has(id) ? new Map([...learning].filter(([other]) => other !== id)) : learning));
}

/** The level that the last 20 s speak for. */
export function suggestionFor(rule: string): Suggestion | undefined {
  const history = scoreHistory(rule);
  const fromMs = serverNowMs() - LEARN_MS;
  return suggestThreshold(new Map(history.sources.map((source) => [source, history.since(source, fromMs)])));
}
