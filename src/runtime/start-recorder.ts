import type { FileAlertLog } from '../alerts/alert-log.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Space } from '../core/types.ts';
import { Recorder } from '../recording/recorder.ts';
import type { Session } from '../recording/session.ts';
import type { Config } from './config.ts';
import { makeFolder } from './make-folder.ts';
import { configPath } from './senses.ts';
import { withoutPassword } from './without-password.ts';

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const DAY_MS = 86_400_000;
/** What rules had learnt before stands at the head of a recording up to this size: some 1,700 backgrounds. */
export const RECORDED_BACKGROUND_BYTES: number = 8 * MIB;

/** What a checkpoint of them may take: it is written on the event loop, and again each few seconds. */
export const CHECKPOINT_BYTES: number = 2 * MIB;

export interface StartRecorderOptions {
  readonly config: Config;
  readonly folder: string;
  /** `edgebind record --out`: one file, whatever the config says. */
  readonly file: string | undefined;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly server: string;
}

/** The recorder that the config (`outputs.record`) or the command asks for. */
export function startRecorder({ config, folder, file, ledger, log, server }: StartRecorderOptions): Recorder | undefined {
  const { record } = config.outputs;
  const shared = { clock: hostClock, ledger, log, server };
  if (file !== undefined) return new Recorder({ ...shared, to: { file }, packMotion: record?.packMotion });
  if (!record) return undefined;
  const { dir, maxGiB, maxDays, fileMiB, fileMinutes, packMotion, trigger } = record;
  const path = configPath(folder, dir);
  makeFolder(path, 'recordings', 'outputs.record.dir');
  return new Recorder({
    ...shared,
    to: { dir: path },
    packMotion,
    limits: {
      fileBytes: Math.min(fileMiB * MIB, (maxGiB * GIB) / 4),
      fileMs: fileMinutes * 60_000,
      folderBytes: maxGiB * GIB,
      folderMs: maxDays === undefined ? Number.MAX_SAFE_INTEGER : maxDays * DAY_MS,
    },
    ...(trigger && { trigger: { beforeMs: trigger.beforeMs, afterMs: trigger.afterMs, maxBytes: trigger.maxMiB * MIB } }),
  });
}

export interface SessionParts {
  readonly config: Config;
  readonly folder: string;
  readonly server: string;
  readonly boot: string;
  readonly space: Space;
  readonly startedUs: number;
  readonly alerts: FileAlertLog;
}

/** The head of a recording: what a replay needs, and no secret. */
export function sessionOf({ config, folder, server, boot, space, startedUs, alerts }: SessionParts): Session {
  const { model, encoders, sources, fusion } = config;
  const masked = sources.map((source) => ({ ...source, from: withoutPassword(source.from) }));
  return {
    server,
    boot,
    startedUs,
    space,
    folder,
    config: { model, encoders, sources: masked, ...(fusion && { fusion }), alerts: config.alerts },
    alerts: standingAlerts(alerts, startedUs),
  };
}

/** What of the alert log decides what comes: raised ones go on, cleared ones may still rest (no cooldown is longer than a day), and the newest's number. */
export function standingAlerts(log: FileAlertLog, nowUs: number): Alert[] {
  const resting = log.rested().filter(({ endUs }) => endUs > nowUs - DAY_MS * 1000);
  const all = [...log.raised(), ...resting, ...log.after(log.newest - 1, 1)];
  return [...new Map(all.map((alert) => [alert.cursor, alert])).values()].sort((a, b) => a.cursor - b.cursor);
}
