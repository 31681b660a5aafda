import { svg } from './svg.ts';

export const PERSON_WIDTH = 220;
export const PERSON_HEIGHT = 430;

/** Someone who walks to the right, `phase` 0..1 of two steps. Near the camera: the feet are below the picture. */
export function person(phase: number): Buffer {
  const swing = Math.sin(2 * Math.PI * phase);
  const bob = 5 * Math.cos(4 * Math.PI * phase);
  const limb = (
    fromX: number,
    fromY: number,
    length: number,
    angle: number,
    bend: number,
    width: number,
    colour: string,
    end: string,
  ): string => {
    const kneeX = fromX + length * Math.sin(angle);
    const kneeY = fromY + length * Math.cos(angle);
    const endX = kneeX + length * Math.sin(angle + bend);
    const endY = kneeY + length * Math.cos(angle + bend);
    return `<path d="M${fromX} ${fromY} L${kneeX} ${kneeY} L${endX} ${endY}" stroke="${colour}" stroke-width="${width}" fill="none" stroke-linecap="round" stroke-linejoin="round"/>${end.replace('X', String(endX)).replace('Y', String(endY))}`;
  };
  const hand = '<circle cx="X" cy="Y" r="11" fill="#d8a481"/>';
  return svg(
    `<g transform="translate(0 ${6 + bob})">
      ${limb(110, 130, 66, -0.62 * swing, 0.35, 26, '#2d4d6e', hand)}
      ${limb(104, 262, 88, -0.5 * swing, -0.22 - 0.2 * Math.abs(swing), 44, '#27303f', '')}
      ${limb(116, 262, 88, 0.5 * swing, -0.22 - 0.2 * Math.abs(swing), 44, '#303b4e', '')}
      <path d="M78 128 Q110 98 142 128 L146 272 L74 272 Z" fill="#3a658f"/><path d="M110 110 L110 272" stroke="#2f5377" stroke-width="3"/>
      <rect x="98" y="86" width="24" height="30" fill="#c9946f"/>
      <ellipse cx="112" cy="62" rx="31" ry="38" fill="#d8a481"/><path d="M80 60 Q76 18 114 18 Q150 20 144 58 Q132 34 104 40 Q92 44 90 66 Z" fill="#3b2717"/>
      ${limb(110, 130, 66, 0.62 * swing, 0.35, 28, '#41719f', hand)}
    </g>`,
    PERSON_WIDTH,
    PERSON_HEIGHT,
  );
}
