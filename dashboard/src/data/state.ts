import type { Client, ClientStatus } from '../../../src/client/index.ts';
import type { Space } from '../../../src/core/types.ts';
import type { LedgerLine } from '../../../src/core/ledger.ts';
import { EMPTY_FEED, type Feed } from '../lib/alert-feed.ts';
import { createStore, type Store } from '../lib/store.ts';
import type { Calibration, Feedback, FusionReport, RefusedModel, Rule, SourceReport } from './api.ts';

export interface Learning {
  /** The server's time at which enough was seen, in milliseconds. */
  readonly untilMs: number;
  /** Whether the level is set then, or only suggested. */
  readonly sets: boolean;
}

/** What the page knows, one store per thing, so that only what changed is drawn again. Sensor data is not here: see `live.ts`. */
export interface State {
  readonly connection: Store<ClientStatus>;
  readonly client: Store<Client | undefined>;
  /** The server refused us for want of a token. */
  readonly wantsToken: Store<boolean>;
  readonly sources: Store<readonly SourceReport[]>;
  /** The newest first; two while one model takes over from another. */
  readonly spaces: Store<readonly Space[]>;
  /** Absent: nothing is fused. */
  readonly fusion: Store<FusionReport | undefined>;
  readonly refusedModel: Store<RefusedModel | undefined>;
  readonly rules: Store<readonly Rule[]>;
  readonly calibrations: Store<readonly Calibration[]>;
  /** What people said of alerts, by the alert's id. */
  readonly said: Store<ReadonlyMap<string, Feedback>>;
  readonly feed: Store<Feed>;
  readonly ledger: Store<readonly LedgerLine[]>;
  readonly loopMs: Store<number | undefined>;
  /** Rules that were just made here, whose level is still to be learnt. */
  readonly learning: Store<ReadonlyMap<string, Learning>>;
}

export const state: State = {
  connection: createStore<ClientStatus>({ state: 'connecting' }),
  client: createStore<Client | undefined>(undefined),
  wantsToken: createStore(false),
  sources: createStore<readonly SourceReport[]>([]),
  spaces: createStore<readonly Space[]>([]),
  fusion: createStore<FusionReport | undefined>(undefined),
  refusedModel: createStore<RefusedModel | undefined>(undefined),
  rules: createStore<readonly Rule[]>([]),
  calibrations: createStore<readonly Calibration[]>([]),
  said: createStore<ReadonlyMap<string, Feedback>>(new Map()),
  feed: createStore(EMPTY_FEED),
  ledger: createStore<readonly LedgerLine[]>([]),
  loopMs: createStore<number | undefined>(undefined),
  learning: createStore<ReadonlyMap<string, Learning>>(new Map()),
};
