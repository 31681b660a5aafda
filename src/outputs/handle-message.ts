import { EdgeBindError, messageOf } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { MODALITIES } from '../core/types.ts';
import type { ClientMessage, SubscribeMessage } from '../core/wire.ts';
import type { AlertDesk } from './alert-desk.ts';
import { ClientMessageError, parseClientMessage } from './client-message.ts';
import type { ClientSession, SessionContext } from './client-session.ts';
import type { HubOptions, QueryMessage } from './hub-options.ts';
import { Subscription } from './subscription.ts';

/** Queries of one client at a time. */
const MAX_QUERIES = 4;
/** Not a device: the source of what fusion makes. */
const FUSED_SOURCE = 'fused';

export interface MessageContext extends SessionContext, Pick<HubOptions, 'sources' | 'onQuery' | 'desk'> {
  subscribed(subscription: Subscription): void;
}

/** Does what one client's messages say, and answers each; what cannot be done is answered with an `error` and changes nothing. */
export class MessageHandler {
  readonly #session: ClientSession;
  readonly #context: MessageContext;
  #isResumed = false;
  #queries = 0;

  constructor(session: ClientSession, context: MessageContext) {
    this.#session = session;
    this.#context = context;
  }

  handle(bytes: Uint8Array, isBinary: boolean): void {
    if (!this.#session.hear()) return;
    try {
      this.#obey(this.#read(bytes, isBinary));
    } catch (error) {
      if (!(error instanceof ClientMessageError)) throw error;
      this.#session.tell({ op: 'error', ref: error.ref, code: error.code, message: error.message });
    }
  }

  #read(bytes: Uint8Array, isBinary: boolean): ClientMessage {
    const { maxMessageBytes } = this.#context.limits;
    if (isBinary) throw new ClientMessageError('BAD_MESSAGE', 'a binary message: clients speak JSON in text messages', null);
    if (bytes.length > maxMessageBytes) {
      throw new ClientMessageError('MESSAGE_TOO_LARGE', `the message has ${bytes.length} bytes, at most ${maxMessageBytes} are read`, null);
    }
    return parseClientMessage(new TextDecoder().decode(bytes));
  }

  #obey(message: ClientMessage): void {
    switch (message.op) {
      case 'subscribe':
        this.#subscribe(message);
        break;
      case 'unsubscribe':
        this.#unsubscribe(message.sub);
        break;
      case 'resume':
        this.#resume(message.cursor);
        break;
      case 'query':
        void this.#query(message);
        break;
      case 'putRule':
      case 'tryRule':
      case 'deleteRule':
      case 'feedback':
        void this.#ask(message);
        break;
      case 'ping':
        this.#session.tell({ op: 'pong', ...(message.ref === undefined ? {} : { ref: message.ref }) });
        break;
    }
  }

  #subscribe(request: SubscribeMessage): void {
    const { subscriptions, alerts } = this.#session;
    this.#checkSources(request);
    this.#checkModalities(request);
    const replaced = subscriptions.get(request.sub);
    const { maxSubscriptions } = this.#context.limits;
    if (!replaced && subscriptions.size >= maxSubscriptions) {
      const message = `a client may have ${maxSubscriptions} subscriptions at a time: unsubscribe one, or leave out "sources" to get all in one`;
      throw new ClientMessageError('TOO_MANY_SUBSCRIPTIONS', message, request.sub);
    }
    if (replaced) this.#session.remove(replaced);
    const subscription = new Subscription(request, this.#session, this.#context.stage(request.channel));
    subscriptions.set(subscription.name, subscription);
    if (request.channel === 'alerts') {
      this.#session.tell({ op: 'ack', ref: request.sub, cursor: alerts.add(subscription, this.#isResumed) });
    } else {
      this.#session.tell({ op: 'ack', ref: request.sub });
    }
    this.#context.subscribed(subscription);
    this.#session.flush();
  }

  #checkSources({ sub, channel, sources }: SubscribeMessage): void {
    if (!sources || channel === 'fused') return;
    const known = [...this.#context.sources().map(({ id }) => id), FUSED_SOURCE];
    const unknown = sources.find((source) => !known.includes(source));
    if (unknown === undefined) return;
    const close = nearest(unknown, known);
    const fix = close ? `did you mean "${close}"?` : `known here: ${known.slice(0, 20).join(', ')}`;
    throw new ClientMessageError('UNKNOWN_SOURCE', `there is no source "${unknown}"; ${fix}`, sub);
  }

  /** Only here is it known what sensors of the user's there are. */
  #checkModalities({ sub, modalities }: SubscribeMessage): void {
    if (!modalities) return;
    const known = [...new Set([...MODALITIES, ...this.#context.sources().map(({ modality }) => modality), FUSED_SOURCE])];
    const unknown = modalities.find((modality) => !known.includes(modality));
    if (unknown === undefined) return;
    const close = nearest(unknown, known);
    const fix = close ? `did you mean "${close}"?` : `known here: ${known.join(', ')}`;
    throw new ClientMessageError('UNKNOWN_MODALITY', `no source has the modality "${unknown}"; ${fix}`, sub);
  }

  #unsubscribe(name: string): void {
    const subscription = this.#session.subscriptions.get(name);
    if (!subscription) throw new ClientMessageError('UNKNOWN_SUBSCRIPTION', `there is no subscription "${name}" to end`, name);
    this.#session.remove(subscription);
    this.#session.tell({ op: 'ack', ref: name });
  }

  #resume(cursor: number): void {
    const { newest } = this.#context.alerts;
    if (cursor > newest) {
      const message = `there is no alert ${cursor}, the newest is ${newest}: resume from there, or from 0 for all that are kept`;
      throw new ClientMessageError('UNKNOWN_CURSOR', message, 'resume');
    }
    this.#isResumed = true;
    this.#session.alerts.resume(cursor);
    this.#session.tell({ op: 'ack', ref: 'resume', cursor });
  }

  /** Rules and feedback, through the same desk as over HTTP. */
  async #ask(message: DeskMessage): Promise<void> {
    const { desk } = this.#context;
    const { ref, id } = message;
    const fail = (code: string, text: string): void => this.#session.tell({ op: 'error', ref, code, message: text });
    if (!desk) {
      fail('NO_RULES', 'this server keeps no rules that could be changed');
      return;
    }
    if (this.#queries >= MAX_QUERIES) {
      fail('BUSY', `${MAX_QUERIES} requests of this client are under way: wait for their answers`);
      return;
    }
    this.#queries += 1;
    try {
      const result = await answerOf(desk, message, id);
      this.#session.tell({ op: 'ack', ref, ...(result !== undefined && { result }) });
    } catch (error) {
      fail(error instanceof EdgeBindError ? error.code : 'FAILED', messageOf(error));
    } finally {
      this.#queries -= 1;
    }
  }

  async #query(query: QueryMessage): Promise<void> {
    const { onQuery } = this.#context;
    const fail = (code: string, message: string): void => this.#session.tell({ op: 'error', ref: query.id, code, message });
    if (!onQuery) {
      fail('NO_QUERIES', 'this server keeps no memory of past moments to search');
      return;
    }
    if (this.#queries >= MAX_QUERIES) {
      fail('BUSY', `${MAX_QUERIES} queries of this client are under way: wait for their results`);
      return;
    }
    this.#queries += 1;
    try {
      this.#session.tell({ op: 'results', id: query.id, ...(await onQuery(query)) });
    } catch (error) {
      fail(error instanceof EdgeBindError ? error.code : 'QUERY_FAILED', messageOf(error));
    } finally {
      this.#queries -= 1;
    }
  }
}

type DeskMessage = Extract<ClientMessage, { op: 'putRule' | 'tryRule' | 'deleteRule' | 'feedback' }>;

async function answerOf(desk: AlertDesk, message: DeskMessage, id: string): Promise<unknown> {
  switch (message.op) {
    case 'putRule':
      return desk.putRule(id, message.rule, 'websocket');
    case 'tryRule':
      return desk.tryRule(id, message.rule);
    case 'deleteRule':
      return desk.deleteRule(id, 'websocket');
    case 'feedback': {
      const { op: _, ref: _ref, id: _id, ...body } = message;
      return desk.feedback(id, body, 'websocket');
    }
  }
}
