import type { Recording } from '../../recording/open-recording.ts';
import type { RecordedEvent, RecordedRule } from '../../recording/recorded-event.ts';

/** A file that goes on with a run has its checkpoint within so long, unless a score was on its way to an alert all the time. */
const CHECKPOINT_WITHIN_US = 120e6;

/** What was in force before the first reading came. */
export interface StateAtStart {
  /** When the recording begins to tell. */
  readonly startUs: number;
  readonly rules: readonly RecordedRule[];
  /** Alerts that stood or rested. */
  readonly alerts: readonly unknown[];
  /** What rules had learnt, as a file of backgrounds, and for how many there was no room. */
  readonly learnt?: { readonly base: Uint8Array; readonly leftOut: number };
  /** The recording begins in mid-run: it is judged from this checkpoint on. */
  readonly opening?: Extract<RecordedEvent, { kind: 'checkpoint' }>;
}

export async function stateAtStart(recording: Recording): Promise<StateAtStart> {
  return (recording.goesOn ? await stateInside(recording) : undefined) ?? stateOfRun(recording);
}

async function stateOfRun(recording: Recording): Promise<StateAtStart> {
  const { startedUs: startUs, alerts } = recording.session;
  let rules: readonly RecordedRule[] | undefined;
  for await (const event of recording.events({ kinds: ['rules', 'learnt', 'reading'] })) {
    if (event.kind === 'rules') rules ??= event.rules;
    else if (event.kind === 'learnt') return { startUs, alerts, rules: rules ?? [], learnt: event };
    else break;
  }
  return { startUs, alerts, rules: rules ?? [] };
}

async function stateInside(recording: Recording): Promise<StateAtStart | undefined> {
  let rules: readonly RecordedRule[] | undefined;
  let startUs: number | undefined;
  for await (const event of recording.events({ kinds: ['rules', 'checkpoint', 'reading'] })) {
    if (event.kind === 'rules') rules ??= event.rules;
    if (event.kind === 'reading') startUs ??= event.atUs;
    if (event.atUs - (startUs ?? event.atUs) > CHECKPOINT_WITHIN_US) break;
    if (event.kind !== 'checkpoint' || !event.alerts) continue;
    return { startUs: startUs ?? event.fromUs, rules: rules ?? [], alerts: event.alerts, learnt: event.checkpoint, opening: event };
  }
  return undefined;
}
