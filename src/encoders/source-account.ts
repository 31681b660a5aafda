import type { Ledger, Stage } from '../core/ledger.ts';
import type { Lane } from './lane.ts';
import type { TokenRing } from './token-ring.ts';

/** What the encoders count of one source, across pipelines and bundles that follow each other. */
export interface SourceAccount {
  readonly stage: Stage;
  /** Queues of the source that are open now; the ledger asks them what is in flight. */
  readonly lanes: Set<Lane>;
  /** Rings of tokens of the source that are open now. */
  readonly rings: Set<TokenRing>;
  /** Number of the next embedding. */
  seq: number;
}

const accounts = new WeakMap<Ledger, Map<string, SourceAccount>>();

/** The account of a source in a ledger, made on first use. */
export function sourceAccount(ledger: Ledger, source: string): SourceAccount {
  const ofLedger = accounts.get(ledger) ?? new Map<string, SourceAccount>();
  accounts.set(ledger, ofLedger);
  let account = ofLedger.get(source);
  if (!account) {
    const lanes = new Set<Lane>();
    const inFlight = (): number => [...lanes].reduce((sum, lane) => sum + lane.inFlight, 0);
    account = { stage: ledger.stage(source, 'encode', inFlight), lanes, rings: new Set(), seq: 0 };
    ofLedger.set(source, account);
  }
  return account;
}

/** Counts the tokens of a source. */
export function tokenStage(ledger: Ledger, source: string): Stage {
  const { rings } = sourceAccount(ledger, source);
  return ledger.stage(source, 'tokens', () => [...rings].reduce((sum, ring) => sum + ring.tokens.length, 0));
}
