import { describe, expect, it } from 'vitest';
import { knownWarning } from './known-warning.ts';

const near = { modality: 'audio', nearest: 'glass breaking', distance: 0.04, isFar: false } as const;
const far = { modality: 'imu', nearest: 'a person walking', distance: 0.61, isFar: true } as const;

describe('knownWarning', () => {
  it('says nothing of what is known, and of spaces that do not say what they were taught', () => {
    expect(knownWarning('glass', [near])).toBeUndefined();
    expect(knownWarning('glass', [])).toBeUndefined();
  });

  it('names what is nearest of all where nothing is near', () => {
    const other = { ...far, modality: 'audio', nearest: 'a clock ticking', distance: 0.55 } as const;
    expect(knownWarning('quantum physics', [far, other])).toBe(
      '“quantum physics” is far from everything that this space was taught: nearest is “a clock ticking” (Microphone, 0.55 away). Its scores mean little.',
    );
  });

  it('names the senses that do not know it where others do', () => {
    expect(knownWarning('glass breaking', [near, far])).toBe(
      'Nothing like “glass breaking” was taught to Motion (nearest: “a person walking”): what they score means little.',
    );
  });
});
