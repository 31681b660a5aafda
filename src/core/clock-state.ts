/**
 * How a source's event times come about. `arrival`: it has no stamps that can be used; `synchronised`: its stamps are epoch time and
 * used as they are; `warmingUp`: its clock is being fitted, errors are still large; `fitted`: offset and drift are known.
 */
export type ClockPhase = 'arrival' | 'synchronised' | 'warmingUp' | 'fitted';

/** What is known of one source's clock now. */
export interface ClockState {
  readonly phase: ClockPhase;
  /** Grows by one with each step, restart or wrap of a clock. */
  readonly segment: number;
  /** Why the segment began; empty for the first. */
  readonly began: string;
  /** What is wrong with the stamps, for a person; empty where nothing is. */
  readonly complaint: string;
  /** Host time less device time at the newest reading; 0 without stamps. */
  readonly offsetUs: number;
  /** How much slower than the host's the device's clock runs, in millionths. */
  readonly driftPpm: number;
  /** Bound of the error of the newest event time. */
  readonly errorUs: number;
}
