import { Client } from './client.ts';
import type { ClientOptions } from './options.ts';

/**
 * Connects to EdgeBind, in browsers and in Node. Returns at once; the connection comes up in the background and stays up.
 *
 * ```ts
 * import { connect } from 'edgebind/client';
 *
 * const client = connect('ws://127.0.0.1:7400');
 * client.subscribe({ channel: 'alerts' }, (alert) => console.log(alert.state, alert.query, alert.score));
 * client.subscribe({ channel: 'embeddings', modalities: ['audio'], maxHz: 2 }, ({ source, vector }) => console.log(source, vector.length));
 * ```
 *
 * @param url `ws://host:port`, `http://host:port` or a full URL of the stream
 * @throws UsageError `BAD_URL`, or `NO_WEBSOCKET` on Node 20 without `options.WebSocket`
 */
export const connect = (url: string, options: ClientOptions = {}): Client => new Client(url, options);
