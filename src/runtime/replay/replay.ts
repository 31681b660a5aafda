import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Rule } from '../../alerts/rule.ts';
import { messageOf, UsageError } from '../../core/errors.ts';
import type { LedgerLine } from '../../core/ledger.ts';
import type { Log } from '../../core/log.ts';
import type { Alert } from '../../core/types.ts';
import { openBundle } from '../../encoders/bundle.ts';
import type { Recording } from '../../recording/open-recording.ts';
import { PictureDecoder } from '../../recording/picture-decoder.ts';
import type { RecordedEvent, RecordedRule } from '../../recording/recorded-event.ts';
import type { Session } from '../../recording/session.ts';
import { findBundle } from '../bundles.ts';
import { configSchema, namesOf, type Config, type LoadedConfig } from '../config.ts';
import { EdgeBind } from '../edgebind.ts';
import { withoutPassword } from '../without-password.ts';
import { decodeAhead } from './decode-ahead.ts';
import { lookAhead } from './look-ahead.ts';
import { parseRules } from './parse-rules.ts';
import { stateAtStart, type StateAtStart } from './state-at-start.ts';
import { ReplayWorld } from './replay-world.ts';
import { FreshTimeline, RecordedTimeline, type Timeline } from './timeline.ts';

export interface ReplayOptions {
  readonly recording: Recording;
  /** Another config than the recorded one. */
  readonly loaded?: LoadedConfig | undefined;
  /** 1: as fast as it was; 0: as fast as the encoders can. */
  readonly speed: number;
  /** Waits before each reading for which time has come; stepping by hand. */
  readonly step?: ((atUs: number) => Promise<void>) | undefined;
  /** Lets dashboards look on, there. */
  readonly port?: number | undefined;
  readonly dashboardDir?: string | undefined;
  readonly log: Log;
  readonly server: string;
  readonly onStart?: (url: string) => void;
  readonly onAlert: (alert: Alert) => void;
}

export interface ReplayResult {
  /** `asRecorded`: windows, their order and their times as in the recorded run; `anew`: the config differs in what makes windows. */
  readonly decided: 'asRecorded' | 'anew';
  readonly readings: number;
  readonly embeddings: number;
  /** Embeddings of the recording that were not made again, and windows whose fate it does not say. */
  readonly notMade: number;
  readonly undecided: number;
  /** Readings of sources that the config does not have. */
  readonly ignored: number;
  /** Backgrounds of rules for which there was no room in the recording: they begin to learn anew. */
  readonly notLearnt: number;
  /** How long a recording that begins in mid-run is not judged: its windows and fusion fill themselves. */
  readonly unjudgedSeconds: number;
  readonly alerts: readonly Alert[];
  readonly recordedAlerts: readonly Alert[];
  readonly ledger: readonly LedgerLine[];
  readonly seconds: number;
  readonly recordedSeconds: number;
}

/** Windows that are with the encoders at most: enough to keep them busy, few enough to hold in memory. */
const MAX_ENCODING = 32;
/** What became of a window is recorded so long after its last sample at the latest, unless the encoders were very late. */
const AHEAD_MS = 3000;
/** A pause in the recording that is longer is not waited for. */
const LONGEST_PAUSE_MS = 5000;

/**
 * Runs a recording through the pipelines, encoders, fusion and rules of a run.
 *
 * @throws UsageError `SPACE_NOT_LOADED` where the recorded config's bundle is another one now, `RECORDING_CONFIG`
 */
export async function replay(options: ReplayOptions): Promise<ReplayResult> {
  const { recording, log, server, port, dashboardDir } = options;
  const { session } = recording;
  const atStart = await stateAtStart(recording);
  const firstRules = options.loaded ? [] : parseRules(atStart.rules);
  const loaded = options.loaded ?? recordedConfig(recording, firstRules);
  const bundle = await openBundle(findBundle(loaded.config.model, loaded.folder));
  const isSameSpace = bundle.space.id === session.space.id;
  if (!isSameSpace && !options.loaded)
    throw new UsageError(
      'SPACE_NOT_LOADED',
      `${recording.files[0] ?? ''} was recorded in space ${session.space.id} (${session.space.name}), ${bundle.dir} is space ${bundle.space.id}: replay it with the bundle of then, or decide anew in this one with --config FILE`,
    );
  const isAsRecorded = isSameSpace && termsOf(loaded.config) === termsOf(session.config);
  const alerts: Alert[] = [];
  const stateDir = await mkdtemp(join(tmpdir(), 'edgebind-replay-'));
  const decoder = new PictureDecoder();
  try {
    await writeFile(join(stateDir, 'alerts.jsonl'), atStart.alerts.map((alert) => `${JSON.stringify(alert)}\n`).join(''));
    if (atStart.learnt) {
      await mkdir(join(stateDir, 'backgrounds'));
      await writeFile(join(stateDir, 'backgrounds', '0.base'), atStart.learnt.base);
    }
    const world = new ReplayWorld({
      startUs: atStart.startUs,
      stateDir,
      listens: port !== undefined,
      onAlert: (alert) => {
        alerts.push(alert);
        options.onAlert(alert);
      },
    });
    world.learn(firstRules);
    const edgebind = await EdgeBind.start(loaded, {
      log,
      server,
      world,
      ...(port !== undefined && { port }),
      ...(dashboardDir !== undefined && { dashboardDir }),
    });
    try {
      options.onStart?.(edgebind.url);
      const run = new Run(options, loaded, world, edgebind, isAsRecorded, atStart.opening);
      const counts = await run.feed(decoder);
      await edgebind.stop();
      return {
        decided: isAsRecorded ? 'asRecorded' : 'anew',
        ...counts,
        notLearnt: Math.max(counts.notLearnt, atStart.learnt?.leftOut ?? 0),
        alerts,
        ledger: edgebind.ledger.lines(),
      };
    } finally {
      await edgebind.stop();
    }
  } finally {
    await decoder.stop();
    await rm(stateDir, { recursive: true, force: true });
  }
}

class Run {
  readonly #options: ReplayOptions;
  #loaded: LoadedConfig;
  readonly #world: ReplayWorld;
  readonly #edgebind: EdgeBind;
  readonly #timeline: Timeline;
  readonly #recordedAlerts: Alert[] = [];
  /** Decisions, one after the other. */
  #decisions: Promise<void> = Promise.resolve();
  #rulesSeen = 0;
  /** Rules of a source that the next session brings. */
  #held: readonly { readonly rule: Rule }[] | undefined;
  #session: Session;
  /** The checkpoint from which on a recording that begins in mid-run is judged, until its turn has come. */
  #opening: StateAtStart['opening'];
  #readings = 0;
  #ignored = 0;
  #notLearnt = 0;
  #firstUs: number | undefined;
  #lastUs = 0;
  #pausedUs = 0;
  #unjudgedSeconds = 0;

  constructor(
    options: ReplayOptions,
    loaded: LoadedConfig,
    world: ReplayWorld,
    edgebind: EdgeBind,
    isAsRecorded: boolean,
    opening: StateAtStart['opening'],
  ) {
    this.#options = options;
    this.#loaded = loaded;
    this.#session = options.recording.session;
    this.#world = world;
    this.#edgebind = edgebind;
    this.#opening = isAsRecorded ? opening : undefined;
    if (this.#opening) world.beginInside();
    const decide = (step: () => void | Promise<void>): void => {
      this.#decisions = this.#decisions.then(step);
    };
    const latenessMs = Math.max(...loaded.config.sources.map(({ window }) => window?.latenessMs ?? 200));
    this.#timeline = isAsRecorded
      ? new RecordedTimeline(world, decide, (embedding) => edgebind.take(embedding))
      : new FreshTimeline(world, decide, latenessMs);
  }

  async feed(decoder: PictureDecoder): Promise<Omit<ReplayResult, 'decided' | 'alerts' | 'ledger'>> {
    const began = performance.now();
    let turns = 0;
    const events = this.#options.recording.events({
      kinds: ['session', 'reading', 'embedding', 'fused', 'drop', 'wake', 'status', 'rules', 'verdict', 'alert', 'hostStep', 'checkpoint'],
    });
    const isAsRecorded = this.#timeline instanceof RecordedTimeline;
    const inView = lookAhead(events, AHEAD_MS, (ahead) => isAsRecorded && this.#world.foresee(ahead));
    for await (const event of decodeAhead(inView, decoder, (source) => this.#hasOwnPipeline(source))) {
      await this.#pace(event.atUs, began);
      await this.#world.pending.below(MAX_ENCODING);
      if (isAsRecorded) this.#place(event);
      if (event.kind === 'session') await this.#follow(event.session, event.atUs);
      if (isAsRecorded && event.kind === 'reading') this.#world.meet(event);
      this.#take(event);
      this.#timeline.event(event);
      this.#world.forget(event);
      // Results of the encoders come between turns of the loop; and decisions must not pile up.
      if (++turns % 64 === 0) await turn();
      if (turns % 1024 === 0) await this.#decided();
    }
    this.#timeline.end();
    await this.#world.pending.below(1);
    await this.#decided();
    const embeddings = this.#edgebind.ledger.lines().reduce((sum, { stage, emitted }) => sum + (stage === 'encode' ? emitted : 0), 0);
    return {
      readings: this.#readings,
      embeddings,
      notMade: this.#timeline instanceof RecordedTimeline ? this.#timeline.notMade : 0,
      undecided: this.#world.pending.unclaimed,
      ignored: this.#ignored,
      notLearnt: this.#notLearnt,
      recordedAlerts: this.#recordedAlerts,
      unjudgedSeconds: this.#unjudgedSeconds,
      seconds: (performance.now() - began) / 1000,
      recordedSeconds: (this.#lastUs - (this.#firstUs ?? this.#lastUs)) / 1e6,
    };
  }

  #hasOwnPipeline(source: string): boolean {
    return this.#loaded.config.sources.some(({ id, pipeline }) => id === source && pipeline !== undefined);
  }

  /** A piece around an alert is judged from its checkpoint on. */
  #place(event: RecordedEvent): void {
    if (this.#world.begins(event)) this.#decisions = this.#decisions.then(() => void (this.#world.isOff = true));
    if (event.kind !== 'checkpoint' || (event.alerts && event.atUs !== this.#opening?.atUs)) return;
    if (this.#opening) this.#unjudgedSeconds = (event.atUs - (this.#firstUs ?? event.atUs)) / 1e6;
    this.#opening = undefined;
    this.#notLearnt = Math.max(this.#notLearnt, event.checkpoint.leftOut);
    this.#decisions = this.#decisions.then(() => {
      this.#world.isOff = false;
      try {
        this.#edgebind.resume(event.checkpoint);
      } catch (error) {
        this.#options.log.warn({ error: messageOf(error) }, 'a checkpoint cannot be read: rules go on from the piece before');
      }
    });
  }

  #take(event: RecordedEvent): void {
    if (event.kind === 'alert') {
      if (!this.#opening) this.#recordedAlerts.push(event.alert);
    } else if (event.kind === 'status') this.#world.sources.get(event.status.source)?.say(event.status);
    else if (event.kind === 'hostStep') this.#world.hostSteps$.next(event.byUs);
    else if (event.kind === 'rules' && this.#options.loaded === undefined) this.#rules(event.rules);
    else if (event.kind === 'verdict') this.#decisions = this.#decisions.then(() => this.#edgebind.judgeAlert(event.alert, event.isRight));
    else if (event.kind === 'reading') {
      this.#world.clock.advanceTo(event.atUs);
      const source = this.#world.sources.get(event.source);
      if (source?.modality !== event.modality) this.#ignored++;
      else {
        this.#readings++;
        source.push(event.reading);
      }
    }
  }

  /** A model that took over while it was recorded, sources and fusion that were edited, change at the same place, where that can be. */
  async #follow(session: Session, atUs: number): Promise<void> {
    const before = this.#session;
    this.#session = session;
    const isOtherSpace = session.space.id !== before.space.id;
    if (!isOtherSpace && termsOf(session.config) === termsOf(before.config)) return;
    if (this.#options.loaded) {
      this.#options.log.warn(
        {},
        'here the recorded run went over to other sources, fusion or another model: the replay stays with --config',
      );
      return;
    }
    await this.#decided();
    const { recording } = this.#options;
    const rules = this.#held ?? this.#loaded.config.alerts.map((rule) => ({ rule }));
    const { sources, fusion } = recordedConfig({ session, files: recording.files }, rules).config;
    const alerts = rules.map(({ rule }) => rule);
    const model = isOtherSpace ? await this.#modelOf(session) : undefined;
    this.#world.decisionClock.setTo(atUs);
    await this.#change({ ...this.#loaded.config, sources, fusion, alerts, ...(model !== undefined && { model }) });
    this.#held = undefined;
  }

  /** The model that the recorded run went over to; undefined where it is another one now. */
  async #modelOf({ config, space: { id, name } }: Session): Promise<string | undefined> {
    const { model } = modelSchema.parse(config);
    const bundle = await openBundle(findBundle(model, this.#loaded.folder)).catch(() => undefined);
    if (bundle?.space.id === id) return model;
    this.#options.log.warn(
      { model, space: id },
      `here the recorded run went over to space ${id} (${name}), which ${model} is no more: the replay stays in the space before`,
    );
    return undefined;
  }

  /** Rules that were changed while it was recorded are changed at the same place; those of sources that are yet to come, with them. */
  #rules(rules: readonly RecordedRule[]): void {
    if (this.#rulesSeen++ === 0) return;
    const parsed = parseRules(rules);
    this.#decisions = this.#decisions.then(async () => {
      this.#world.learn(parsed);
      const { config } = this.#loaded;
      const known = namesOf(config);
      this.#held = parsed.some(({ rule: { on, query } }) => [...on, ...(query.disagreement ?? [])].some((name) => !known.has(name)))
        ? parsed
        : undefined;
      if (!this.#held) await this.#change({ ...config, alerts: parsed.map(({ rule }) => rule) });
    });
  }

  async #change(config: Config): Promise<void> {
    try {
      await this.#edgebind.reconfigure({ ...this.#loaded, config });
      this.#loaded = { ...this.#loaded, config };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      this.#options.log.warn({ error: error.message }, 'here the recorded run changed its config, to what cannot be put into force now');
    }
  }

  /** Waits until all decisions are made whose windows have come from the encoders. */
  async #decided(): Promise<void> {
    await this.#decisions;
  }

  async #pace(atUs: number, began: number): Promise<void> {
    const { speed, step } = this.#options;
    this.#firstUs ??= atUs;
    this.#pausedUs += Math.max(0, atUs - Math.max(this.#lastUs, this.#firstUs) - LONGEST_PAUSE_MS * 1000);
    this.#lastUs = Math.max(this.#lastUs, atUs);
    if (step) await step(atUs);
    if (speed <= 0) return;
    const dueMs = (atUs - this.#firstUs - this.#pausedUs) / 1000 / speed - (performance.now() - began);
    if (dueMs > 1) await sleep(dueMs);
  }
}

const modelSchema = z.object({ model: z.string() });

function recordedConfig({ session, files }: Pick<Recording, 'session' | 'files'>, rules: readonly { readonly rule: Rule }[]): LoadedConfig {
  const file = files[0] ?? '';
  const parsed = configSchema.safeParse({ ...session.config, alerts: rules.map(({ rule }) => rule) });
  if (!parsed.success)
    throw new UsageError(
      'RECORDING_CONFIG',
      `${file}: the recorded config does not fit this version (${parsed.error.message}); replay with --config FILE`,
    );
  return { file, folder: session.folder, config: parsed.data, at: (path) => `${file} ${path.map(String).join('.')}` };
}

/** What of a config makes windows and ticks: where it is the same, so are they. */
function termsOf(config: { readonly sources: readonly object[]; readonly fusion?: unknown }): string {
  const sources = config.sources.map((source) => ({ ...source, from: 'from' in source ? withoutPassword(String(source.from)) : '' }));
  return JSON.stringify([sources, config.fusion ?? null]);
}
