import type { KnownModality, Modality, Sense, SourceState } from '../../../src/core/types.ts';

export const SENSE_NAMES: Readonly<Record<KnownModality, string>> = {
  image: 'Camera',
  audio: 'Microphone',
  thermal: 'Thermal',
  depth: 'Depth',
  imu: 'Motion',
};

/** A sense by its name, a sensor of somebody's own by that: `gas` -> "Gas". */
export const senseName = (modality: Modality): string =>
  isKnown(modality) ? SENSE_NAMES[modality] : `${modality.slice(0, 1).toUpperCase()}${modality.slice(1)}`;

const isKnown = (modality: Modality): modality is KnownModality => Object.hasOwn(SENSE_NAMES, modality);

const PAST_VERBS: Readonly<Record<KnownModality, string>> = {
  image: 'seen',
  audio: 'heard',
  thermal: 'seen in heat',
  depth: 'seen in depth',
  imu: 'felt',
};

/** What a sense did with something. */
export const pastVerb = (modality: Modality): string => (isKnown(modality) ? PAST_VERBS[modality] : 'sensed');

/** "heard by mic", "seen by front". */
export const noticedBy = (sense: Sense, source: string): string =>
  sense === 'fused' ? 'noticed by all senses together' : `${pastVerb(sense)} by ${source}`;

export function stateWords(state: SourceState, reason: string): string {
  const words = {
    live: 'live',
    starting: 'starting',
    silent: 'silent',
    reconnecting: 'reconnecting',
    failed: 'failed',
    stopped: 'stopped',
  };
  return reason && state !== 'live' ? `${words[state]}: ${reason}` : words[state];
}

/** A ledger's camelCase reason as words: `badChecksum` -> "bad checksum". */
export const reasonWords = (reason: string): string => reason.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();

/** An id for a rule from its prompt, unlike all `taken`: "Glass breaking!" -> "glass-breaking". */
export function ruleIdFor(prompt: string, taken: ReadonlySet<string>): string {
  const base =
    prompt
      .normalize('NFKD')
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-+|-+$/g, '')
      .slice(0, 48) || 'rule';
  let id = base;
  for (let n = 2; taken.has(id); n++) id = `${base}-${n}`;
  return id;
}
