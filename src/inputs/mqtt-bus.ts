/** One message as the broker delivered it; `userProperties` only with MQTT 5. */
export interface MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly arrivalUs: number;
  readonly userProperties?: Readonly<Record<string, string | string[]>>;
}

/** A connection to a broker that reconnects by itself. */
export interface MqttBus {
  /** The broker's URL without its password. */
  readonly url: string;
  /** Delivers messages of a topic filter until the returned function is called; survives reconnects. */
  subscribe(filter: string, onMessage: (message: MqttMessage) => void): () => void;
  /** Calls back on each change of the connection, and once at once with the present one. Returns the way to stop. */
  onConnection(listener: (connected: boolean, reason: string) => void): () => void;
  /** Publishes at QoS 0; false where the broker is away (the caller counts the loss). */
  publish(topic: string, payload: Uint8Array | string, options?: { retain?: boolean }): boolean;
  stop(): Promise<void>;
}
