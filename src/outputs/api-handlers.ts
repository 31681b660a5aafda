import type { LedgerLine } from '../core/ledger.ts';
import type { Alert } from '../core/types.ts';
import type { AlertDesk } from './alert-desk.ts';

/** What the HTTP interface asks of the running program. A thrown `UsageError` is answered with 400, code `UNKNOWN_RULE` with 404. */
export interface ApiHandlers {
  status(): unknown;
  ledger(): readonly LedgerLine[];
  alerts(after: number, limit: number): readonly Alert[];
  rules(): readonly unknown[];
  /** Resolves with the rule as it is in force now. The body is any JSON: the handler parses it. */
  putRule(id: string, body: unknown): Promise<unknown>;
  deleteRule(id: string): Promise<unknown>;
  /** Past moments most like a query. The body is any JSON: the handler parses it. */
  search(body: unknown): Promise<unknown>;
  /** Absent: the routes of feedback, evidence, backgrounds and audit are not served. */
  readonly desk?: AlertDesk;
  /** How far a prompt is from what the model was taught. The body is any JSON: the handler parses it. */
  known(body: unknown): Promise<unknown>;
  ready(): { readonly ready: boolean; readonly reasons: readonly string[] };
}
