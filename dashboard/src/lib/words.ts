import type { Modality, Sense, SourceState } from '../../../src/core/types.ts';

export const SENSE_NAMES: Readonly<Record<Modality, string>> = {
  image: 'Camera',
  audio: 'Microphone',
  thermal: 'Thermal',
  depth: 'Depth',
  imu: 'Motion',
};

/** "heard by mic", "seen by front". */
export function noticedBy(sense: Sense, source: string): string {
  if (sense === 'fused') return 'noticed by all senses together';
  const verbs = { image: 'seen by', audio: 'heard by', thermal: 'seen in heat by', depth: 'seen in depth by', imu: 'felt by' };
  return `${verbs[sense]} ${source}`;
}

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
