import { svg } from './svg.ts';

export const TELEPHONE_SIZE = 100;

/** A red telephone with a dial on the worktop; its lamp is lit while it rings. */
export function telephone(isRinging: boolean): Buffer {
  const holes = Array.from({ length: 10 }, (_, i) => {
    const angle = -0.6 + i * 0.53;
    return `<circle cx="${50 + 13 * Math.cos(angle)}" cy="${66 + 13 * Math.sin(angle)}" r="3" fill="#1d1d1d"/>`;
  });
  return svg(
    `<path d="M22 50 Q50 38 78 50 L90 94 L10 94 Z" fill="#b3201f"/><circle cx="50" cy="66" r="19" fill="#ece6da"/>${holes.join('')}<circle cx="50" cy="66" r="6" fill="#b3201f"/>
    <path d="M8 44 Q6 22 50 22 Q94 22 92 44 L76 46 Q74 36 50 36 Q26 36 24 46 Z" fill="#8f1716"/>
    ${isRinging ? '<circle cx="50" cy="14" r="13" fill="#fff3a0" fill-opacity=".5"/><circle cx="50" cy="14" r="6" fill="#fffbe0"/>' : '<circle cx="50" cy="14" r="5" fill="#6a6147"/>'}`,
    TELEPHONE_SIZE,
    TELEPHONE_SIZE,
  );
}
