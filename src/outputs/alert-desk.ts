/** What people and programs do with rules and alerts besides listening. Bodies are any JSON: the desk parses them. */
export interface AlertDesk {
  /** What each rule knows of each source: warm-up, threshold, expected alarms, precision. */
  calibrations(): readonly unknown[];
  /** Histogram and tail of one background; undefined: there is none. */
  background(rule: string, source: string): unknown;
  putRule(id: string, body: unknown, by: string): Promise<unknown>;
  deleteRule(id: string, by: string): Promise<unknown>;
  /** What a rule would have done on what is kept of the past. */
  tryRule(id: string, body: unknown): Promise<unknown>;
  /** Acknowledges an alert, or says whether it was right. */
  feedback(id: string, body: unknown, by: string): unknown;
  feedbacks(limit: number): readonly unknown[];
  /** Facts of an alert; undefined: not kept. */
  evidence(id: string): Promise<object | undefined>;
  evidenceFile(id: string, kind: 'picture' | 'sound'): Promise<Uint8Array | undefined>;
  /** Changes of rules, oldest first. */
  audit(limit: number): readonly unknown[];
}
