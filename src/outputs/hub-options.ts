import type { AlertLog } from '../core/alert-log.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Space } from '../core/types.ts';
import type { AlertDesk } from './alert-desk.ts';
import type { ClientMessage, HelloMessage, QueryAnswer } from '../core/wire.ts';

/** What one client may cost. */
export interface HubLimits {
  /** Connections at a time. Default 64. */
  readonly maxClients: number;
  /** Subscriptions of one client. Default 32. */
  readonly maxSubscriptions: number;
  /** One message from a client. Default 1 MiB, room for a query by picture. */
  readonly maxMessageBytes: number;
  /** Messages from a client on average, with bursts of twice as many. Default 50. */
  readonly maxMessagesPerSecond: number;
  /** Bytes in a client's socket that the operating system has not taken yet. Default 256 KiB. */
  readonly maxBufferedBytes: number;
}

export const DEFAULT_LIMITS: HubLimits = {
  maxClients: 64,
  maxSubscriptions: 32,
  maxMessageBytes: 1024 * 1024,
  maxMessagesPerSecond: 50,
  maxBufferedBytes: 256 * 1024,
};

export type QueryMessage = Extract<ClientMessage, { op: 'query' }>;

export interface HubOptions {
  /** The host's clock, also in a replay: it measures clients, not events. */
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
  /** Names this start of the server. */
  readonly boot: string;
  /** Name and version, e.g. `edgebind 0.1.0`. */
  readonly server: string;
  spaces(): readonly Space[];
  sources(): HelloMessage['sources'];
  /** Holds an alert before `publishAlert` is called with it. */
  readonly alerts: AlertLog;
  /** A client whose socket takes nothing for so long is cut off. Default 10,000. */
  readonly slowClientMs?: number;
  /** After how long a quiet client is asked for a sign of life; without one for twice as long it is cut off. Default 15,000. */
  readonly pingMs?: number;
  readonly limits?: Partial<HubLimits>;
  /** Absent: clients can change no rules and give no feedback over the stream. */
  readonly desk?: AlertDesk;
  /** Absent: queries are answered with an error. */
  readonly onQuery?: (query: QueryMessage) => Promise<QueryAnswer>;
}
