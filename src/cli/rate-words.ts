import type { Rate } from '../space/pareto-tail.ts';

/** `1.9 (0.7 to 160 in nine cases of ten)` */
export const rateWords = ({ expected, low, high }: Rate): string =>
  `${short(expected)} (${short(low)} to ${short(high)} in nine cases of ten)`;

const short = (value: number): string => (value < 0.01 ? '0' : String(Number(value.toPrecision(2))));
